import { SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { useAskedAct } from '#renderer/ui/use-asked-act.tsx';
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
  const mayAdminister = useAbility('administer');
  const keep = useKeepNotifications();
  const isOn = answer.settings[setting];
  const save = useCommand('notifications.saveSettings', {
    onSuccess: (saved) => {
      keep(saved);
      announce(`${label}: ${saved.settings[setting] ? 'on' : 'off'}.`);
    },
  });
  const { start, question } = useAskedAct<boolean>({
    questionOf: (next) => ({
      title: `Turn ${next ? 'on' : 'off'}: ${label}?`,
      confirmLabel: `Turn ${next ? 'on' : 'off'}`,
      words: consequence(next),
    }),
    perform: (next, confirmedProduction, onError) =>
      save.mutate({ settings: { [setting]: next }, confirmedProduction }, { onError }),
  });
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
          onChange={(next) => start(next === 'on')}
        />
      </SettingRow>
      <CommandFailure error={save.error} />
      {question}
    </>
  );
}
