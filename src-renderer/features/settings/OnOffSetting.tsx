import { SegmentedControl } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import classes from './NotificationSettings.module.css';
import { type NotificationAnswer, useKeepNotifications } from './notification-answer.ts';
import { SettingRow } from './SettingRow.tsx';

/** A way to tell people that is on or off, saved as it is chosen; production is asked about once more. */
export function OnOffSetting({
  label,
  setting,
  answer,
  missing = null,
  description,
  consequence,
}: {
  label: string;
  setting: 'desktopEnabled' | 'emailEnabled' | 'webhookEnabled';
  answer: NotificationAnswer;
  /** What has to be set up before it can be on, a sentence; null where nothing. */
  missing?: string | null;
  description: ReactNode;
  /** What happens from then on, by whether it is turned on. */
  consequence: (isOn: boolean) => string;
}) {
  const { connection } = useSession();
  const mayAdminister = useAbility('administer');
  const keep = useKeepNotifications();
  const [asked, setAsked] = useState<boolean | null>(null);
  const isOn = answer.settings[setting];
  const save = useCommand('notifications.saveSettings', {
    onSuccess: (saved) => {
      keep(saved);
      announce(`${label}: ${saved.settings[setting] ? 'on' : 'off'}.`);
    },
    onError: (error, input) => {
      // Main may know of production where this window does not.
      if (error.code === 'confirmation_required') setAsked(input.settings[setting] ?? null);
    },
  });
  const change = (next: boolean, confirmedProduction: boolean) =>
    save.mutate({ settings: { [setting]: next }, confirmedProduction });
  const isProduction = connection.environment === 'production';
  return (
    <>
      <SettingRow
        label={label}
        description={
          <>
            {description}
            {missing !== null && !isOn && <span className={classes.line}>{missing}</span>}
          </>
        }
      >
        <SegmentedControl
          aria-label={label}
          data={[
            { value: 'off', label: 'Off' },
            { value: 'on', label: 'On' },
          ]}
          disabled={!mayAdminister || save.isPending || (missing !== null && !isOn)}
          value={isOn ? 'on' : 'off'}
          onChange={(next) => {
            if (isProduction) setAsked(next === 'on');
            else change(next === 'on', false);
          }}
        />
      </SettingRow>
      {save.error !== null && save.error.code !== 'confirmation_required' && (
        <ErrorState error={save.error} />
      )}
      <ConfirmDialog
        opened={asked !== null}
        title={`Turn ${asked === true ? 'on' : 'off'} for ${connection.name}?`}
        confirmLabel={`Turn ${asked === true ? 'on' : 'off'} on ${connection.name}`}
        isDangerous
        onCancel={() => setAsked(null)}
        onConfirm={() => {
          setAsked(null);
          if (asked !== null) change(asked, true);
        }}
      >
        {connection.name} is production. {asked !== null && consequence(asked)}
      </ConfirmDialog>
    </>
  );
}
