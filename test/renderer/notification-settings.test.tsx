import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { NotificationSettingsPage } from '#renderer/features/settings/NotificationSettingsPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aNotificationAnswer, type NotificationAnswerData } from '#test/support/alert-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';

const PASSWORD = 'nothing-of-this-may-stay';
const SECRET = 'whsec_nothingOfThisMayStay';
const notSetUp = {
  emailEnabled: false,
  smtpHost: null,
  smtpPort: null,
  smtpUser: null,
  emailFrom: null,
} satisfies Partial<NotificationAnswerData['settings']>;

function open(
  options: {
    answer?: Parameters<typeof aNotificationAnswer>[0];
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
  } = {},
) {
  let answer = aNotificationAnswer(options.answer);
  return render(<NotificationSettingsPage />, {
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
      ...(options.production && {
        connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
      }),
    },
    handlers: {
      'notifications.settings': async () => answer,
      'notifications.saveSettings': async ({ settings }) => {
        answer = { ...answer, settings: Object.assign({}, answer.settings, settings) };
        return answer;
      },
      'notifications.preview': async ({ subject, body }) => {
        if (body.includes('{{nmae}}')) {
          throw new AppError('invalid_argument', 'The words hold an unknown placeholder.', {
            fields: { body: 'has the unknown {{nmae}}' },
          });
        }
        return { subject: `Subject: ${subject}`, text: `Text: ${body}`, html: `<p>${body}</p>` };
      },
      ...options.handlers,
    },
  });
}

/** Everything that the window keeps besides what is on the screen. */
function cachesOf({ queryClient }: ReturnType<typeof open>): string {
  return JSON.stringify([
    queryClient
      .getQueryCache()
      .getAll()
      .map(({ state }) => state),
    queryClient
      .getMutationCache()
      .getAll()
      .map(({ state }) => state),
  ]);
}

const click = async (user: ReturnType<typeof open>['user'], name: string) =>
  user.click(await screen.findByRole('button', { name }));
/** Fills a field at once; letter by letter takes its time. */
async function paste(user: ReturnType<typeof open>['user'], field: HTMLElement, text: string) {
  await user.click(field);
  await user.paste(text);
}
const dialogOf = async (name: string | RegExp) =>
  within(await screen.findByRole('dialog', { name }));
const noDialog = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
const choiceOf = async (name: string) => within(await screen.findByRole('radiogroup', { name }));

describe('the notification settings', () => {
  it('say when, over what and in which words customers are told', async () => {
    open();
    expect(await screen.findByText('Low below 10 credits')).toBeVisible();
    expect(screen.getByText('Company: Acme')).toBeVisible();
    expect(
      screen.getByText(/smtp\.acme\.example, port 587, STARTTLS, user acme/),
    ).toHaveTextContent(/From Acme <credits@acme\.example>/);
    expect(screen.getByText(/at most one of a kind to a customer in 24 hours/)).toBeVisible();
    expect(screen.getByText(/key store of this computer/)).toBeVisible();
    expect(screen.getByText(/Services read SMTP_PASSWORD/)).toBeVisible();
    expect(
      (await choiceOf('E-mail to customers')).getByRole('radio', { name: 'On' }),
    ).toBeChecked();
    expect(screen.getByText(/{{balance}} credits left/)).toHaveTextContent(/console’s own words/);
    expect(screen.getByText(/“No credits left”/)).toHaveTextContent(/Words of your own/);
  });

  it('need a database, and say so without one', async () => {
    const { bridge } = render(<NotificationSettingsPage />, {
      session: { database: { status: 'failed', code: 'database_unavailable', message: 'Gone.' } },
    });
    expect(await screen.findByText(/database is not ready/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'Database settings' })).toBeVisible();
    expect(bridge.callsOf('notifications.settings')).toEqual([]);
  });

  it('are only read by a role that may not administer, words included', async () => {
    const { user } = open({ abilities: ['setAlerts'] });
    expect(await screen.findByText(/You can read this page/)).toBeVisible();
    expect(
      (await choiceOf('E-mail to customers')).getByRole('radio', { name: 'Off' }),
    ).toBeDisabled();
    expect(
      screen.queryByRole('button', { name: /Change|Enter|Make|Edit|test|Back to/ }),
    ).toBeNull();
    await click(user, 'Preview Out of credits');
    const drawer = await dialogOf('Mail: Out of credits');
    expect(await drawer.findByText('Subject: No credits left')).toBeVisible();
  });

  it('say so where they cannot be read, and ask again', async () => {
    const { user, bridge } = open({
      handlers: {
        'notifications.settings': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({ 'notifications.settings': async () => aNotificationAnswer() });
    await click(user, 'Try again');
    expect(await screen.findByText('Low below 10 credits')).toBeVisible();
  });

  it('keep threshold, company and purchase address; a draft is lost only where the person says so', async () => {
    const { user, bridge } = open();
    await click(user, 'Change threshold and messages');
    const form = await dialogOf('Threshold and messages');
    await user.clear(form.getByLabelText('Low below'));
    await user.type(form.getByLabelText('Low below'), '1,000');
    expect(form.getByText(/^= 1,000 credits\./)).toBeVisible();
    await user.keyboard('{Escape}');
    await user.click(
      (await dialogOf('Discard this draft?')).getByRole('button', { name: 'Keep editing' }),
    );
    await user.clear(form.getByLabelText('Purchase address'));
    await paste(user, form.getByLabelText('Purchase address'), 'acme.example');
    await user.click(form.getByRole('button', { name: 'Save' }));
    expect(form.getByLabelText('Purchase address')).toHaveAccessibleDescription(
      /It must be an http or https address/,
    );
    await user.clear(form.getByLabelText('Purchase address'));
    await user.click(form.getByRole('button', { name: 'Save' }));
    await noDialog();
    expect(bridge.callsOf('notifications.saveSettings')).toEqual([
      {
        // The company, which is as it was, may have been changed by somebody else meanwhile.
        settings: { lowBalanceThreshold: 1_000, purchaseUrl: null },
        confirmedProduction: false,
      },
    ]);
    expect(screen.getByText('Low below 1,000 credits')).toBeVisible();
  });
});

describe('a channel', () => {
  it('is turned on and off at once, once it is set up', async () => {
    const { user, bridge } = open();
    const email = await choiceOf('E-mail to customers');
    await user.click(email.getByRole('radio', { name: 'Off' }));
    await waitFor(() => expect(email.getByRole('radio', { name: 'Off' })).toBeChecked());
    expect(bridge.callsOf('notifications.saveSettings')).toEqual([
      { settings: { emailEnabled: false }, confirmedProduction: false },
    ]);
    const webhook = await choiceOf('Webhook to your own system');
    expect(webhook.getByRole('radio', { name: 'On' })).toBeDisabled();
    expect(screen.getByText('Enter an address first.')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Send a test webhook' })).toBeDisabled();
  });

  it('of production is asked about; Cancel leaves it', async () => {
    const { user, bridge } = open({ production: true });
    const desktop = await choiceOf('Desktop notices');
    await user.click(desktop.getByRole('radio', { name: 'Off' }));
    let question = await dialogOf('Turn off: Desktop notices?');
    await user.click(question.getByRole('button', { name: 'Cancel' }));
    await noDialog();
    expect(desktop.getByRole('radio', { name: 'On' })).toBeChecked();
    await user.click(desktop.getByRole('radio', { name: 'Off' }));
    question = await dialogOf('Turn off: Desktop notices?');
    await user.click(question.getByRole('button', { name: 'Turn off on Acme' }));
    await waitFor(() =>
      expect(bridge.callsOf('notifications.saveSettings')).toMatchObject([
        { settings: { desktopEnabled: false }, confirmedProduction: true },
      ]),
    );
  });

  it('that main refuses says why', async () => {
    const { user } = open({
      handlers: {
        'notifications.saveSettings': async () => {
          throw new AppError('not_permitted', 'The role may not do this.');
        },
      },
    });
    await user.click((await choiceOf('Desktop notices')).getByRole('radio', { name: 'Off' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('The role may not do this.');
  });
});

describe('the mail server', () => {
  it('is set up field by field, with the port that goes with its security', async () => {
    const { user, bridge } = open({
      answer: { settings: notSetUp, smtpPassword: 'missing' },
    });
    expect(await screen.findByText('Set up the mail server first.')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Send a test e-mail' })).toBeDisabled();
    await click(user, 'Set up the mail server');
    const form = await dialogOf('Mail server');
    await user.click(form.getByRole('button', { name: 'Save mail server' }));
    expect(form.getByLabelText('Server')).toHaveFocus();
    await paste(user, form.getByLabelText('Server'), 'mail.acme.example');
    expect(form.getByLabelText('Port')).toHaveValue('587');
    await user.click(form.getByRole('radio', { name: 'TLS from the start' }));
    expect(form.getByLabelText('Port')).toHaveValue('465');
    await paste(user, form.getByLabelText('From'), 'no address');
    await user.click(form.getByRole('button', { name: 'Save mail server' }));
    expect(form.getByLabelText('From')).toHaveAccessibleDescription(/It must be an e-mail address/);
    await user.clear(form.getByLabelText('From'));
    await paste(user, form.getByLabelText('From'), 'Acme <hello@acme.example>');
    await user.click(form.getByRole('button', { name: 'Save mail server' }));
    await noDialog();
    expect(bridge.callsOf('notifications.saveSettings')).toMatchObject([
      {
        settings: {
          smtpHost: 'mail.acme.example',
          smtpPort: 465,
          smtpSecurity: 'tls',
          emailFrom: 'Acme <hello@acme.example>',
        },
      },
    ]);
    expect(screen.getByRole('button', { name: 'Send a test e-mail' })).toBeEnabled();
  });

  it('shows at its field what main has against a value', async () => {
    const { user } = open({
      handlers: {
        'notifications.saveSettings': async () => {
          throw new AppError('invalid_argument', 'The settings are incomplete.', {
            fields: { 'settings.emailReplyTo': 'must be one e-mail address' },
          });
        },
      },
    });
    await click(user, 'Change the mail server');
    const form = await dialogOf('Mail server');
    await user.click(form.getByRole('button', { name: 'Save mail server' }));
    await waitFor(() =>
      expect(form.getByLabelText('Reply to')).toHaveAccessibleDescription(
        /must be one e-mail address/,
      ),
    );
  });

  it('takes a password that is then nowhere in the window, and forgets it', async () => {
    const view = open({
      answer: { smtpPassword: 'missing' },
      handlers: {
        'notifications.setSecret': async ({ secret }) =>
          aNotificationAnswer({ smtpPassword: secret === null ? 'missing' : 'memory' }),
      },
    });
    const { user, bridge } = view;
    expect(await screen.findByText(/The server has a user, so it asks for one/)).toBeVisible();
    await click(user, 'Enter the password of the mail server');
    const form = await dialogOf('Password of the mail server');
    await paste(user, form.getByLabelText('Password'), PASSWORD);
    await user.click(form.getByRole('button', { name: 'Save password' }));
    expect(await screen.findByText(/Kept in memory until the console closes/)).toBeVisible();
    await noDialog();
    await waitFor(() => expect(cachesOf(view)).not.toContain(PASSWORD));
    expect(document.documentElement.outerHTML).not.toContain(PASSWORD);
    await click(user, 'Change the password of the mail server');
    await click(user, 'Forget it');
    await noDialog();
    expect(bridge.callsOf('notifications.setSecret')).toEqual([
      { which: 'smtp', secret: PASSWORD },
      { which: 'smtp', secret: null },
    ]);
  });

  it('is tested with a mail of one’s own, and says what it answered', async () => {
    let refuses = true;
    const { user, bridge } = open({
      handlers: {
        'notifications.sendTest': async () => {
          if (refuses) throw new AppError('delivery_failed', '535 Authentication failed.');
          return { answer: '250 2.0.0 Ok: queued' };
        },
      },
    });
    await click(user, 'Send a test e-mail');
    const form = await dialogOf('Send a test e-mail');
    await user.click(form.getByRole('radio', { name: 'Out of credits' }));
    await paste(user, form.getByLabelText('To'), 'me@acme.example');
    await user.click(form.getByRole('button', { name: 'Send test' }));
    expect(await form.findByRole('alert')).toHaveTextContent('535 Authentication failed.');
    refuses = false;
    await user.click(form.getByRole('button', { name: 'Send test' }));
    expect(await form.findByText('250 2.0.0 Ok: queued')).toBeVisible();
    expect(form.queryByRole('alert')).toBeNull();
    expect(bridge.callsOf('notifications.sendTest').at(-1)).toEqual({
      channel: 'email',
      kind: 'empty',
      to: 'me@acme.example',
    });
  });
});

describe('the webhook', () => {
  const withAddress = { settings: { webhookUrl: 'https://acme.example/hook' } };

  it('takes an address, https only', async () => {
    const { user, bridge } = open();
    await click(user, 'Enter the address of the webhook');
    const form = await dialogOf('Webhook address');
    await paste(user, form.getByLabelText('Address'), 'http://acme.example/hook');
    await user.click(form.getByRole('button', { name: 'Save address' }));
    expect(form.getByLabelText('Address')).toHaveAccessibleDescription(/must be an https address/);
    await user.clear(form.getByLabelText('Address'));
    await paste(user, form.getByLabelText('Address'), 'https://acme.example/hook');
    await user.click(form.getByRole('button', { name: 'Save address' }));
    await noDialog();
    expect(bridge.callsOf('notifications.saveSettings')).toMatchObject([
      { settings: { webhookUrl: 'https://acme.example/hook' } },
    ]);
  });

  it('is signed with a secret that is shown once, and is then nowhere in the window', async () => {
    let answer = aNotificationAnswer(withAddress);
    const view = open({
      handlers: {
        'notifications.settings': async () => answer,
        'notifications.makeWebhookSecret': async () => {
          answer = { ...answer, webhookSecret: 'key_store' };
          return { secret: SECRET };
        },
      },
    });
    const { user, bridge } = view;
    await click(user, 'Make a secret…');
    const shown = await dialogOf('The signing secret');
    expect(shown.getByText(SECRET)).toBeVisible();
    await user.keyboard('{Escape}');
    await user.click(shown.getByRole('button', { name: 'I have stored it' }));
    await noDialog();
    await waitFor(() => expect(cachesOf(view)).not.toContain(SECRET));
    expect(document.documentElement.outerHTML).not.toContain(SECRET);
    // A second one takes the place of the first: it is asked about.
    await click(user, 'Make a secret…');
    const question = await dialogOf('Make a new signing secret?');
    expect(question.getByText(/it refuses what this console sends/)).toBeVisible();
    await user.click(question.getByRole('button', { name: 'Cancel' }));
    expect(bridge.callsOf('notifications.makeWebhookSecret')).toHaveLength(1);
  });

  it('is tested, and says what the receiver answered', async () => {
    const { user, bridge } = open({
      answer: { ...withAddress, webhookSecret: 'key_store' },
      handlers: { 'notifications.sendTest': async () => ({ answer: '204 No Content' }) },
    });
    await click(user, 'Send a test webhook');
    const form = await dialogOf('Send a test webhook');
    expect(form.queryByLabelText('To')).toBeNull();
    await user.click(form.getByRole('button', { name: 'Send test' }));
    expect(await form.findByText('204 No Content')).toBeVisible();
    expect(bridge.callsOf('notifications.sendTest')).toEqual([
      { channel: 'webhook', kind: 'low', to: null },
    ]);
  });
});

describe('the words of a mail', () => {
  it('are seen as the mail they make, in a frame without scripts, while they are typed', async () => {
    const { user } = open();
    await click(user, 'Edit Low on credits');
    const form = await dialogOf('Mail: Low on credits');
    const frame = await form.findByTitle('The mail as HTML');
    expect(frame).toHaveAttribute('sandbox', '');
    expect(frame).toHaveAttribute('srcdoc', '<p>Dear {{customer}}</p>');
    expect(form.getByText('Subject: {{balance}} credits left')).toBeVisible();
    const body = form.getByLabelText('Body');
    await user.click(body);
    await user.keyboard(' has ');
    await user.click(form.getByRole('button', { name: '{{balance}}' }));
    expect(body).toHaveFocus();
    await user.keyboard('!');
    expect(body).toHaveValue('Dear {{customer}} has {{balance}}!');
    await user.click(form.getByRole('radio', { name: 'Text' }));
    expect(await form.findByText('Text: Dear {{customer}} has {{balance}}!')).toBeVisible();
    await user.clear(body);
    await user.click(body);
    await user.paste('Dear {{nmae}}');
    expect(await form.findByText('The body has the unknown {{nmae}}.')).toBeVisible();
    await user.clear(body);
    expect(await form.findByText(/Enter a subject and a body/)).toBeVisible();
  });

  it('are saved on production only once that is confirmed', async () => {
    const { user, bridge } = open({
      production: true,
      handlers: { 'notifications.saveTemplate': async () => aNotificationAnswer() },
    });
    await click(user, 'Edit Low on credits');
    const form = await dialogOf('Mail: Low on credits');
    await user.type(form.getByLabelText('Subject'), '!');
    expect(form.getByRole('button', { name: 'Save words' })).toBeDisabled();
    await user.click(form.getByRole('checkbox', { name: /which is production/ }));
    await user.click(form.getByRole('button', { name: 'Save words' }));
    await noDialog();
    expect(bridge.callsOf('notifications.saveTemplate')).toEqual([
      {
        kind: 'low',
        words: { subject: '{{balance}} credits left!', body: 'Dear {{customer}}' },
        confirmedProduction: true,
      },
    ]);
  });

  it('go back to the console’s own after a question', async () => {
    const { user, bridge } = open({
      handlers: { 'notifications.saveTemplate': async () => aNotificationAnswer() },
    });
    await click(user, 'Back to the console’s words: Out of credits');
    const question = await dialogOf(/Go back to the console’s own words/);
    await user.click(question.getByRole('button', { name: 'Discard these words' }));
    await waitFor(() =>
      expect(bridge.callsOf('notifications.saveTemplate')).toEqual([
        { kind: 'empty', words: null, confirmedProduction: false },
      ]),
    );
  });
});
