import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { StripeSettingsPage } from '#renderer/features/settings/StripeSettingsPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aStripeStatus, type StripeStatusData } from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';

const KEY = 'rk_test_51Nothing0fThisMayStay';
const SECRET = 'whsec_nothingOfThisMayStay';
const testAccount = {
  mode: 'test',
  accountId: 'acct_test',
  accountName: 'Acme',
  key: { kind: 'restricted', place: 'key_store' },
  simulatorUrl: null,
} satisfies Partial<StripeStatusData>;

function open(
  options: {
    status?: Partial<StripeStatusData>;
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
  } = {},
) {
  let status = aStripeStatus(options.status);
  const view = render(<StripeSettingsPage />, {
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
      ...(options.production && {
        connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
      }),
    },
    handlers: {
      'stripe.status': async () => status,
      'stripe.setPolicies': async ({ refundPolicy, disputePolicy }) => {
        status = {
          ...status,
          ...(refundPolicy !== undefined && { refundPolicy }),
          ...(disputePolicy !== undefined && { disputePolicy }),
        };
        return status;
      },
      ...options.handlers,
    },
  });
  return view;
}

/** Everything that the window keeps besides what is on the screen. */
function cachesOf({ queryClient }: ReturnType<typeof open>): string {
  return JSON.stringify([
    queryClient
      .getQueryCache()
      .getAll()
      .map(({ queryKey, state }) => [queryKey, state]),
    queryClient
      .getMutationCache()
      .getAll()
      .map(({ state }) => state),
  ]);
}

/** What stands in the document, and in its fields. */
function documentText(): string {
  const fields = [...document.querySelectorAll('input, textarea')] as HTMLInputElement[];
  return [document.documentElement.outerHTML, ...fields.map(({ value }) => value)].join('\n');
}

const dialogOf = async (name: RegExp | string) =>
  within(await screen.findByRole('dialog', { name }));

describe('the Stripe settings', () => {
  it('say which Stripe it is, in words, and offer the simulator’s page', async () => {
    const { user, bridge } = open({
      handlers: { 'stripe.openSimulator': async () => ({}) },
    });
    expect(await screen.findByText('Built-in simulator')).toBeVisible();
    expect(screen.getByText(/No real money moves/)).toBeVisible();
    expect(screen.getByRole('heading', { level: 1, name: 'Stripe' })).toBeVisible();
    expect(screen.getByRole('heading', { level: 2, name: 'Events' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Open simulator' }));
    expect(bridge.callsOf('stripe.openSimulator')).toEqual([{}]);
  });

  it('tell kind and place of the key, never the key', async () => {
    open({ status: { ...testAccount, key: { kind: 'secret', place: 'memory' } } });
    expect(await screen.findByText('Test mode')).toBeVisible();
    expect(screen.getByText(/Secret key, kept in memory until the console closes/)).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Open simulator' })).toBeNull();
  });

  it('say what stands in the way of the account', async () => {
    open({
      status: {
        ...testAccount,
        problem: { code: 'stripe_other_account', message: 'The key is of another account.' },
        boundAccountId: 'acct_first',
        polling: { state: 'off', lastAt: null, error: null },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent(/The key is of another account\./);
    expect(screen.getByText(/This workspace belongs to/)).toHaveTextContent(/acct_first/);
    expect(screen.getByText(/They are not read at present/)).toBeVisible();
  });

  it('count the events that are not handled yet', async () => {
    open({ status: { inbox: { waiting: 1, failed: 2, refused: 1 } } });
    expect(
      await screen.findByText(
        /1 event waits\. 2 events will be tried again\. 1 event needs a person\./,
      ),
    ).toBeVisible();
  });

  it('need a database, and say so without one', async () => {
    const { bridge } = render(<StripeSettingsPage />, {
      session: {
        database: {
          status: 'failed',
          code: 'database_unavailable',
          message: 'The database does not answer.',
        },
      },
    });
    expect(await screen.findByText(/database is not ready/)).toBeVisible();
    expect(bridge.callsOf('stripe.status')).toEqual([]);
  });

  it('read the events when told to, and only for a role that handles them', async () => {
    const { user, bridge, unmount } = open({
      handlers: { 'stripe.pollNow': async () => aStripeStatus() },
    });
    await user.click(await screen.findByRole('button', { name: 'Read now' }));
    await waitFor(() => expect(bridge.callsOf('stripe.pollNow')).toEqual([{}]));
    unmount();
    open({ abilities: ['grant'] });
    expect(await screen.findByText(/it handles no events/)).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Read now' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Set up…' })).toBeNull();
    expect(screen.getAllByRole('radio', { name: 'Take all' })[0]).toBeDisabled();
  });
});

describe('connecting an account', () => {
  it('hands the key to main once; afterwards it is neither in the document nor in a cache', async () => {
    let status = aStripeStatus();
    const view = open({
      handlers: {
        'stripe.status': async () => status,
        'stripe.connect': async () => {
          status = aStripeStatus(testAccount);
          return status;
        },
      },
    });
    const { user, bridge } = view;
    await user.click(await screen.findByRole('button', { name: 'Connect an account…' }));
    const dialog = await dialogOf(/Connect a Stripe account/);
    const field = dialog.getByLabelText('Key');
    expect(field).toHaveAttribute('type', 'password');
    expect(dialog.getByRole('button', { name: 'Connect' })).toBeDisabled();
    await user.click(field);
    await user.paste(` ${KEY} `);
    await user.click(dialog.getByRole('button', { name: 'Connect' }));
    expect(await screen.findByText('Test mode')).toBeVisible();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(bridge.callsOf('stripe.connect')).toEqual([
      { key: KEY, rebind: false, confirmedProduction: false },
    ]);
    await waitFor(() => expect(cachesOf(view)).not.toContain(KEY));
    expect(documentText()).not.toContain(KEY);
    await user.click(screen.getByRole('button', { name: 'Change key…' }));
    expect((await dialogOf(/Connect a Stripe account/)).getByLabelText('Key')).toHaveValue('');
  });

  it('forgets a key that was not accepted with the dialog', async () => {
    const view = open({
      handlers: {
        'stripe.connect': async () => {
          throw new AppError('stripe_key_invalid', 'Stripe does not accept the key.', {
            fields: { key: 'Stripe does not know it.' },
          });
        },
      },
    });
    const { user } = view;
    await user.click(await screen.findByRole('button', { name: 'Connect an account…' }));
    const dialog = await dialogOf(/Connect a Stripe account/);
    await user.type(dialog.getByLabelText('Key'), KEY);
    await user.click(dialog.getByRole('button', { name: 'Connect' }));
    await waitFor(() =>
      expect(dialog.getByLabelText('Key')).toHaveAccessibleDescription(/Stripe does not know it/),
    );
    await user.click(dialog.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await waitFor(() => expect(cachesOf(view)).not.toContain(KEY));
    expect(documentText()).not.toContain(KEY);
  });

  it('asks before the workspace belongs to another account, and for each key anew', async () => {
    const { user, bridge } = open({
      status: { ...testAccount },
      handlers: {
        'stripe.connect': async ({ rebind }) => {
          if (!rebind) {
            throw new AppError('stripe_other_account', 'This workspace belongs to acct_test.');
          }
          return aStripeStatus({ ...testAccount, accountId: 'acct_new' });
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Change key…' }));
    const dialog = await dialogOf(/Connect a Stripe account/);
    const connect = dialog.getByRole('button', { name: 'Connect' });
    expect(dialog.queryByRole('checkbox')).toBeNull();
    await user.type(dialog.getByLabelText('Key'), 'rk_test_1');
    await user.click(connect);
    const agree = await dialog.findByRole('checkbox', { name: /belongs to that account/ });
    expect(dialog.getByRole('alert')).toHaveTextContent('This workspace belongs to acct_test.');
    expect(connect).toBeDisabled();
    await user.click(agree);
    expect(connect).toBeEnabled();
    // Another key may be of a third account.
    await user.type(dialog.getByLabelText('Key'), '2');
    expect(dialog.queryByRole('checkbox')).toBeNull();
    await user.click(connect);
    await user.click(await dialog.findByRole('checkbox', { name: /belongs to that account/ }));
    await user.click(connect);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('stripe.connect').map(({ rebind }) => rebind)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('to a production database is confirmed', async () => {
    const { user, bridge } = open({
      production: true,
      handlers: { 'stripe.connect': async () => aStripeStatus(testAccount) },
    });
    await user.click(await screen.findByRole('button', { name: 'Connect an account…' }));
    const dialog = await dialogOf(/Connect a Stripe account/);
    await user.type(dialog.getByLabelText('Key'), KEY);
    expect(dialog.getByRole('button', { name: 'Connect' })).toBeDisabled();
    await user.click(dialog.getByRole('checkbox', { name: /Acme, which is production/ }));
    await user.click(dialog.getByRole('button', { name: 'Connect' }));
    await waitFor(() =>
      expect(bridge.callsOf('stripe.connect')).toMatchObject([{ confirmedProduction: true }]),
    );
  });

  it('is taken back by forgetting the key, after a question', async () => {
    const { user, bridge } = open({
      status: testAccount,
      handlers: { 'stripe.disconnect': async () => aStripeStatus() },
    });
    await user.click(await screen.findByRole('button', { name: 'Disconnect…' }));
    const dialog = await dialogOf(/Disconnect Stripe/);
    expect(bridge.callsOf('stripe.disconnect')).toEqual([]);
    await user.click(dialog.getByRole('button', { name: 'Forget the key' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('stripe.disconnect')).toEqual([{}]);
  });
});

describe('a workspace that belongs to an account whose key is gone', () => {
  const other = {
    problem: { code: 'stripe_other_account', message: 'This workspace belongs to acct_test.' },
    boundAccountId: 'acct_test',
  } satisfies Partial<StripeStatusData>;

  it('can be given to the simulator, after a question', async () => {
    const { user, bridge } = open({
      status: other,
      handlers: { 'stripe.disconnect': async () => aStripeStatus() },
    });
    await user.click(await screen.findByRole('button', { name: 'Use the simulator…' }));
    const dialog = await dialogOf(/Use the simulator/);
    expect(dialog.getByText('acct_test')).toBeVisible();
    await user.click(dialog.getByRole('button', { name: 'Use the simulator' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('stripe.disconnect')).toEqual([{ rebind: true }]);
    expect(screen.queryByRole('button', { name: 'Use the simulator…' })).toBeNull();
  });

  it('stays the live account’s, and says so', async () => {
    const { user } = open({
      status: other,
      handlers: { 'stripe.disconnect': async () => aStripeStatus(other) },
    });
    await user.click(await screen.findByRole('button', { name: 'Use the simulator…' }));
    const dialog = await dialogOf(/Use the simulator/);
    await user.click(dialog.getByRole('button', { name: 'Use the simulator' }));
    expect(await dialog.findByRole('alert')).toHaveTextContent(/live account is not given/);
    expect(dialog.getByRole('button', { name: 'Use the simulator' })).toBeDisabled();
  });
});

describe('live mode', () => {
  it('is allowed only by the word, and says what it means', async () => {
    const { user, bridge } = open({
      handlers: { 'stripe.enableLive': async () => aStripeStatus({ liveEnabled: true }) },
    });
    expect(await screen.findByText(/Live keys are refused for this connection/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Allow live mode…' }));
    const dialog = await dialogOf(/Allow live mode/);
    expect(dialog.getByText(/charge real cards/)).toBeVisible();
    const allow = dialog.getByRole('button', { name: 'Allow live mode' });
    await user.type(dialog.getByLabelText('Type LIVE to allow it'), 'live{Enter}');
    expect(allow).toBeDisabled();
    expect(bridge.callsOf('stripe.enableLive')).toEqual([]);
    await user.clear(dialog.getByLabelText('Type LIVE to allow it'));
    await user.type(dialog.getByLabelText('Type LIVE to allow it'), 'LIVE');
    await user.click(allow);
    expect(await screen.findByText('Allowed')).toBeVisible();
    expect(bridge.callsOf('stripe.enableLive')).toEqual([{ word: 'LIVE' }]);
  });

  it('looks different from test mode, in words', async () => {
    open({
      status: { ...testAccount, mode: 'live', liveEnabled: true },
    });
    expect(await screen.findByText('LIVE mode')).toHaveAttribute('data-mode', 'live');
    expect(screen.getByText(/A live key: real money moves/)).toBeVisible();
  });
});

describe('the policies', () => {
  it('are saved as they are chosen', async () => {
    const { user, bridge } = open();
    const refunds = within(
      await screen.findByRole('radiogroup', { name: 'Refunds made in Stripe' }),
    );
    await user.click(refunds.getByRole('radio', { name: 'Take all' }));
    await waitFor(() => expect(refunds.getByRole('radio', { name: 'Take all' })).toBeChecked());
    expect(bridge.callsOf('stripe.setPolicies')).toEqual([
      { refundPolicy: 'debt', confirmedProduction: false },
    ]);
  });

  it('of production are asked about; Cancel leaves them', async () => {
    const { user, bridge } = open({ production: true });
    const disputes = within(await screen.findByRole('radiogroup', { name: 'Lost disputes' }));
    await user.click(disputes.getByRole('radio', { name: 'Take all' }));
    let question = await dialogOf('Change what happens when money goes back?');
    expect(question.getByRole('button', { name: 'Cancel' })).toHaveFocus();
    await user.click(question.getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('stripe.setPolicies')).toEqual([]);
    expect(disputes.getByRole('radio', { name: 'Take what is left' })).toBeChecked();

    await user.click(disputes.getByRole('radio', { name: 'Take all' }));
    question = await dialogOf('Change what happens when money goes back?');
    await user.click(question.getByRole('button', { name: 'Change it on Acme' }));
    await waitFor(() =>
      expect(bridge.callsOf('stripe.setPolicies')).toEqual([
        { disputePolicy: 'debt', confirmedProduction: true },
      ]),
    );
  });

  it('say what kept them from being saved', async () => {
    const { user } = open({
      handlers: {
        'stripe.setPolicies': async () => {
          throw new AppError('not_permitted', 'The role may not do this.');
        },
      },
    });
    const refunds = within(
      await screen.findByRole('radiogroup', { name: 'Refunds made in Stripe' }),
    );
    await user.click(refunds.getByRole('radio', { name: 'Take all' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('The role may not do this.');
    expect(refunds.getByRole('radio', { name: 'Take what is left' })).toBeChecked();
  });
});

describe('the webhook receiver', () => {
  it('takes a secret that is then nowhere in the window, and shows its address', async () => {
    const on = aStripeStatus({
      webhook: { url: 'http://127.0.0.1:42420/stripe/webhook', secret: 'key_store', error: null },
    });
    const view = open({ handlers: { 'stripe.setWebhookSecret': async () => on } });
    const { user, bridge } = view;
    await user.click(await screen.findByRole('button', { name: 'Set up…' }));
    const dialog = await dialogOf(/Webhook receiver/);
    await user.type(dialog.getByLabelText('Signing secret'), SECRET);
    await user.click(dialog.getByRole('button', { name: 'Save secret' }));
    expect(
      await screen.findByRole('button', { name: /Copy Address http:\/\/127\.0\.0\.1:42420/ }),
    ).toBeVisible();
    expect(bridge.callsOf('stripe.setWebhookSecret')).toEqual([{ secret: SECRET }]);
    await waitFor(() => expect(cachesOf(view)).not.toContain(SECRET));
    expect(documentText()).not.toContain(SECRET);
  });

  it('stays open with the reason where it could not start, and can be turned off', async () => {
    const taken = aStripeStatus({
      webhook: { url: null, secret: 'key_store', error: 'The port is taken.' },
    });
    const { user, bridge } = open({
      status: { webhook: taken.webhook },
      handlers: {
        'stripe.setWebhookSecret': async ({ secret }) =>
          secret === null ? aStripeStatus() : taken,
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Change…' }));
    const dialog = await dialogOf(/Webhook receiver/);
    await user.type(dialog.getByLabelText('Signing secret'), SECRET);
    await user.click(dialog.getByRole('button', { name: 'Save secret' }));
    expect(await dialog.findByRole('alert')).toHaveTextContent('The port is taken.');
    await user.click(dialog.getByRole('button', { name: 'Turn off' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('stripe.setWebhookSecret').at(-1)).toEqual({ secret: null });
  });
});
