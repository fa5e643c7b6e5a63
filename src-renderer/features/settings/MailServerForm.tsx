import { Radio, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { FormDrawer } from '#renderer/ui/FormDrawer.tsx';
import { problemOf } from '#renderer/ui/form-problems.ts';
import {
  type NotificationSettings,
  notificationSettingsSchema,
  SMTP_SECURITIES,
} from '#shared/ipc/notifications.ts';
import classes from './NotificationSettings.module.css';
import type { NotificationAnswer } from './notification-answer.ts';
import { textOrNull, useOpenedSettings, useSavingSettings } from './use-saving-settings.ts';

type Security = NotificationSettings['smtpSecurity'];

const SECURITIES: Record<Security, { label: string; description: string; port: string }> = {
  starttls: {
    label: 'STARTTLS',
    description:
      'Begins open and is encrypted before login and mail; where the server cannot, nothing is sent. Usually port 587.',
    port: '587',
  },
  tls: {
    label: 'TLS from the start',
    description: 'Encrypted from the first byte on. Usually port 465.',
    port: '465',
  },
  none: {
    label: 'Not secured',
    description:
      'For a mail server on this computer or on a network you trust: anybody in between can read mails and password. Usually port 25.',
    port: '25',
  },
};

/** What a way to secure the connection is called. */
export function securityLabel(security: Security): string {
  return SECURITIES[security].label;
}

const { shape } = notificationSettingsSchema;

/** A whole number as typed; NaN where it is none, which every schema refuses. */
const wholeOf = (text: string) => (/^\s*[0-9]{1,6}\s*$/.test(text) ? Number(text) : Number.NaN);

/** The mail server that e-mails go through, whom they are from, and how often one customer gets one. */
export function MailServerForm({
  answer,
  onClose,
}: {
  answer: NotificationAnswer;
  onClose: () => void;
}) {
  const settings = useOpenedSettings(answer);
  const form = useForm({
    initialValues: {
      smtpHost: settings.smtpHost ?? '',
      smtpSecurity: settings.smtpSecurity,
      smtpPort: String(settings.smtpPort ?? SECURITIES[settings.smtpSecurity].port),
      smtpUser: settings.smtpUser ?? '',
      emailFrom: settings.emailFrom ?? '',
      emailReplyTo: settings.emailReplyTo ?? '',
      hoursBetweenEmails: String(settings.hoursBetweenEmails),
      confirmed: false,
    },
    validate: {
      // In the order of the fields: the first that is wrong gets the focus.
      smtpHost: (text) =>
        text.trim() === '' ? 'Enter a mail server.' : problemOf(shape.smtpHost, text.trim()),
      smtpPort: (text) =>
        problemOf(shape.smtpPort, wholeOf(text)) && 'Enter a port from 1 to 65535.',
      smtpUser: (text) => problemOf(shape.smtpUser, textOrNull(text)),
      emailFrom: (text) =>
        text.trim() === '' ? 'Enter an e-mail address.' : problemOf(shape.emailFrom, text.trim()),
      emailReplyTo: (text) => problemOf(shape.emailReplyTo, textOrNull(text)),
      hoursBetweenEmails: (text) =>
        problemOf(shape.hoursBetweenEmails, wholeOf(text)) && 'Enter hours from 0 to 8760.',
    },
  });
  const { drawer, submit } = useSavingSettings({
    opened: settings,
    setErrors: form.setErrors,
    saved: 'The mail server was saved.',
    onClose,
  });
  function chooseSecurity(next: string) {
    const security = SMTP_SECURITIES.find((each) => each === next);
    if (security === undefined) return;
    const { smtpSecurity, smtpPort } = form.values;
    form.setFieldValue('smtpSecurity', security);
    // A port that was only the usual one of the choice before goes along with it.
    if (smtpPort.trim() === SECURITIES[smtpSecurity].port) {
      form.setFieldValue('smtpPort', SECURITIES[security].port);
    }
  }
  return (
    <FormDrawer
      title="Mail server"
      saveLabel="Save mail server"
      form={form}
      {...drawer}
      onSubmit={(values) =>
        submit(
          {
            smtpHost: textOrNull(values.smtpHost),
            smtpPort: wholeOf(values.smtpPort),
            smtpSecurity: values.smtpSecurity,
            smtpUser: textOrNull(values.smtpUser),
            emailFrom: textOrNull(values.emailFrom),
            emailReplyTo: textOrNull(values.emailReplyTo),
            hoursBetweenEmails: wholeOf(values.hoursBetweenEmails),
          },
          values.confirmed,
        )
      }
      hint="The password is not among these settings: it is kept on this computer, and entered on the page."
    >
      <div className={classes.server}>
        <TextInput
          label="Server"
          data-autofocus
          placeholder="smtp.company.example"
          spellCheck={false}
          autoComplete="off"
          maxLength={255}
          {...form.getInputProps('smtpHost')}
        />
        <TextInput
          label="Port"
          inputMode="numeric"
          autoComplete="off"
          maxLength={5}
          {...form.getInputProps('smtpPort')}
        />
      </div>
      <Radio.Group
        label="Connection"
        {...form.getInputProps('smtpSecurity')}
        onChange={chooseSecurity}
      >
        <Stack gap="xs" mt={4}>
          {SMTP_SECURITIES.map((security) => (
            <Radio
              key={security}
              value={security}
              label={SECURITIES[security].label}
              description={SECURITIES[security].description}
            />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        label="User"
        description="Blank where the server asks for none."
        spellCheck={false}
        autoComplete="off"
        maxLength={320}
        {...form.getInputProps('smtpUser')}
      />
      <TextInput
        label="From"
        description="An address, with or without a name before it."
        placeholder="Company <credits@company.example>"
        spellCheck={false}
        autoComplete="off"
        maxLength={320}
        {...form.getInputProps('emailFrom')}
      />
      <TextInput
        label="Reply to"
        description="Blank: answers go where the mail is from."
        spellCheck={false}
        autoComplete="off"
        maxLength={320}
        {...form.getInputProps('emailReplyTo')}
      />
      <TextInput
        label="Hours between e-mails"
        description="The least time between two e-mails of the same kind to the same customer. 0: every time."
        inputMode="numeric"
        autoComplete="off"
        maxLength={4}
        {...form.getInputProps('hoursBetweenEmails')}
      />
    </FormDrawer>
  );
}
