import { Button } from '@mantine/core';
import { useState } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { formatQuantity } from '#renderer/format/credits.ts';
import type { NotificationSettings } from '#shared/ipc/notifications.ts';
import { MailServerForm, securityLabel } from './MailServerForm.tsx';
import { NotificationSecretDialog } from './NotificationSecretDialog.tsx';
import classes from './NotificationSettings.module.css';
import type { NotificationAnswer } from './notification-answer.ts';
import { OnOffSetting } from './OnOffSetting.tsx';
import { SettingGroup, SettingRow } from './SettingRow.tsx';
import { SECRET_PLACE_WORDS } from './secret-places.ts';
import { TestNotificationDialog } from './TestNotificationDialog.tsx';

/** Whether customers get e-mails, through which server, and a test of it. */
export function EmailSettings({ answer }: { answer: NotificationAnswer }) {
  const mayAdminister = useAbility('administer');
  const [open, setOpen] = useState<'server' | 'password' | 'test' | null>(null);
  const { settings, smtpPassword } = answer;
  const close = () => setOpen(null);
  const isSetUp = settings.smtpHost !== null && settings.emailFrom !== null;
  return (
    <SettingGroup title="E-mail">
      <OnOffSetting
        label="E-mail to customers"
        setting="emailEnabled"
        answer={answer}
        missing={isSetUp ? null : 'Set up the mail server first.'}
        description={frequencyWords(settings)}
        consequence={(isOn) =>
          isOn
            ? 'Customers get e-mails about balances that fall from now on.'
            : 'Customers get no more e-mails about low balances.'
        }
      />
      <SettingRow label="Mail server" description={<ServerWords settings={settings} />}>
        {mayAdminister && (
          <Button
            variant="default"
            aria-label={`${isSetUp ? 'Change' : 'Set up'} the mail server`}
            onClick={() => setOpen('server')}
          >
            {isSetUp ? 'Change…' : 'Set up…'}
          </Button>
        )}
      </SettingRow>
      <SettingRow
        label="Password of the mail server"
        description={<PasswordWords place={smtpPassword} user={settings.smtpUser} />}
      >
        {mayAdminister && (
          <Button
            variant="default"
            aria-label={`${smtpPassword === 'missing' ? 'Enter' : 'Change'} the password of the mail server`}
            onClick={() => setOpen('password')}
          >
            {smtpPassword === 'missing' ? 'Enter…' : 'Change…'}
          </Button>
        )}
      </SettingRow>
      {mayAdminister && (
        <SettingRow
          label="Test"
          description="One mail to an address of yours, whether e-mail is on or off; shows what the server answers."
        >
          <Button
            variant="default"
            disabled={!isSetUp}
            aria-label="Send a test e-mail"
            onClick={() => setOpen('test')}
          >
            Send a test…
          </Button>
        </SettingRow>
      )}
      {open === 'server' && <MailServerForm answer={answer} onClose={close} />}
      {open === 'password' && (
        <NotificationSecretDialog which="smtp" place={smtpPassword} onClose={close} />
      )}
      {open === 'test' && <TestNotificationDialog channel="email" onClose={close} />}
    </SettingGroup>
  );
}

function frequencyWords({ hoursBetweenEmails }: NotificationSettings): string {
  return hoursBetweenEmails === 0
    ? 'One for each time that a balance falls below its threshold or to zero.'
    : `When a balance falls below its threshold or to zero; at most one of a kind to a customer in ${formatQuantity(hoursBetweenEmails, 'hour')}.`;
}

function ServerWords({ settings }: { settings: NotificationSettings }) {
  const { smtpHost, smtpPort, smtpSecurity, smtpUser, emailFrom, emailReplyTo } = settings;
  if (smtpHost === null) return 'None is set up.';
  return (
    <>
      {smtpHost}
      {smtpPort !== null && `, port ${smtpPort}`},{' '}
      {smtpSecurity === 'none' ? 'not secured' : securityLabel(smtpSecurity)},{' '}
      {smtpUser === null ? 'without a user' : `user ${smtpUser}`}.
      <span className={classes.line}>
        {emailFrom === null ? 'No address to send from.' : `From ${emailFrom}`}
        {emailReplyTo !== null && `, answers to ${emailReplyTo}`}
      </span>
    </>
  );
}

function PasswordWords({
  place,
  user,
}: {
  place: NotificationAnswer['smtpPassword'];
  user: string | null;
}) {
  const isNeeded = place === 'missing' && user !== null;
  return (
    <>
      <span className={isNeeded ? classes.missing : undefined}>
        {SECRET_PLACE_WORDS[place]}
        {isNeeded && ' The server has a user, so it asks for one.'}
      </span>{' '}
      {user === null && 'Needed only where the server has a user. '}
      Services read SMTP_PASSWORD from their environment.
    </>
  );
}
