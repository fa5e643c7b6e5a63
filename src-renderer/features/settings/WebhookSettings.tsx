import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { MakeSigningSecret } from './MakeSigningSecret.tsx';
import { NotificationSecretDialog } from './NotificationSecretDialog.tsx';
import classes from './NotificationSettings.module.css';
import type { NotificationAnswer } from './notification-answer.ts';
import { OnOffSetting } from './OnOffSetting.tsx';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import { SECRET_PLACE_WORDS } from './secret-places.ts';
import { TestNotificationDialog } from './TestNotificationDialog.tsx';
import { WebhookAddressForm } from './WebhookAddressForm.tsx';

/** Whether the company's own system is told, where, signed with what, and a test of it. */
export function WebhookSettings({ answer }: { answer: NotificationAnswer }) {
  const mayAdminister = useAbility('administer');
  const [open, setOpen] = useState<'address' | 'secret' | 'test' | null>(null);
  const { settings, webhookSecret } = answer;
  const close = () => setOpen(null);
  const hasAddress = settings.webhookUrl !== null;
  const hasSecret = webhookSecret !== 'missing';
  return (
    <SettingGroup title="Webhook">
      <OnOffSetting
        label="Webhook to your own system"
        setting="webhookEnabled"
        answer={answer}
        missing={hasAddress ? null : 'Enter an address first.'}
        description="A signed request for each time that a balance falls below its threshold or to zero."
        consequence={(isOn) =>
          isOn
            ? 'Its system is told of balances that fall from now on.'
            : 'Its system is told of no more low balances.'
        }
      />
      <SettingRow label="Address" description={settings.webhookUrl ?? 'None is entered.'}>
        {mayAdminister && (
          <Button
            variant="default"
            aria-label={`${hasAddress ? 'Change' : 'Enter'} the address of the webhook`}
            onClick={() => setOpen('address')}
          >
            {hasAddress ? 'Change…' : 'Enter…'}
          </Button>
        )}
      </SettingRow>
      <SettingRow
        label="Signing secret"
        description={
          <>
            <span className={hasAddress && !hasSecret ? classes.missing : undefined}>
              {SECRET_PLACE_WORDS[webhookSecret]}
            </span>{' '}
            The receiver checks with it that a request is yours. Services read
            NOTIFICATION_WEBHOOK_SECRET from their environment.
          </>
        }
      >
        {mayAdminister && (
          <>
            <MakeSigningSecret hasOne={hasSecret} />
            <Button
              variant="default"
              aria-label="Enter the signing secret"
              onClick={() => setOpen('secret')}
            >
              Enter…
            </Button>
          </>
        )}
      </SettingRow>
      {mayAdminister && (
        <SettingRow
          label="Test"
          description="One request, whether the webhook is on or off; shows what the receiver answers."
        >
          <Button
            variant="default"
            disabled={!hasAddress || !hasSecret}
            aria-label="Send a test webhook"
            onClick={() => setOpen('test')}
          >
            Send a test…
          </Button>
        </SettingRow>
      )}
      {open === 'address' && <WebhookAddressForm answer={answer} onClose={close} />}
      {open === 'secret' && (
        <NotificationSecretDialog which="webhook" place={webhookSecret} onClose={close} />
      )}
      {open === 'test' && <TestNotificationDialog channel="webhook" onClose={close} />}
    </SettingGroup>
  );
}
