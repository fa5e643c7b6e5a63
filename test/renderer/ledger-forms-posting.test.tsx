import { notifications } from '@mantine/notifications';
import { screen, waitFor, within } from '@testing-library/react';
import { useEffect } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type LedgerForms,
  LedgerFormsProvider,
  useLedgerForms,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { AppError } from '#shared/errors.ts';
import { aSession, type FakeHandlers, type Session } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';
import {
  aBalance,
  aCustomer,
  aGrant,
  aHold,
  aPreview,
  aTransaction,
  aTransactionDetail,
  type TransactionRowData,
} from '#test/support/sample-rows.ts';

// The notices outlive what shows them.
afterEach(() => {
  notifications.cleanQueue();
  notifications.clean();
});

type Open = (forms: LedgerForms) => void;

const granted = (changes: Partial<TransactionRowData> = {}) => ({
  transaction: aTransaction({ id: '202', ...changes }),
  balance: aBalance({ balance: 1_700, available: 1_700 }),
});

const production: Partial<Session> = {
  connection: {
    ...aSession().connection,
    id: 'team',
    kind: 'url',
    name: 'Team ledger',
    environment: 'production',
  },
};

function Opener({ open }: { open: Open }) {
  const forms = useLedgerForms();
  useEffect(() => open(forms), [forms, open]);
  return (
    <button type="button" onClick={() => open(forms)}>
      Open again
    </button>
  );
}

function renderForm(
  open: Open,
  options: { handlers?: FakeHandlers; session?: Partial<Session> } = {},
) {
  return render(<Opener open={open} />, {
    within: LedgerFormsProvider,
    ...(options.session !== undefined && { session: options.session }),
    handlers: {
      'customers.get': async () => aCustomer(),
      'ledger.preview': async (input) =>
        aPreview(1_200 + ('amount' in input ? (input.amount ?? 0) : 0)),
      ...options.handlers,
    },
  });
}

const openGrant: Open = (forms) => forms.openGrant('user_1');

type User = ReturnType<typeof render>['user'];

async function fillReason(user: User, note = 'Sorry for the outage') {
  await user.click(screen.getByRole('combobox', { name: 'Reason' }));
  await user.click(await screen.findByRole('option', { name: 'Goodwill' }));
  await user.type(screen.getByRole('textbox', { name: 'Note' }), note);
}

async function fillGrant(user: User, amount = '500') {
  await user.type(await screen.findByRole('textbox', { name: 'Credits' }), amount);
  await fillReason(user);
}

const submitButton = (name: string) => screen.getByRole('button', { name });

describe('a ledger form', () => {
  it('posts once on a double click, under a key made when it opened', async () => {
    const { bridge, user } = renderForm(openGrant, {
      handlers: { 'ledger.grant': async () => granted() },
    });
    await fillGrant(user);
    await user.dblClick(submitButton('Grant 500 credits'));
    await screen.findByText('Granted 500 credits to Ada Lovelace');
    const [sent, ...more] = bridge.callsOf('ledger.grant');
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      customerId: 'user_1',
      type: 'bonus',
      amount: 500,
      expiresAt: null,
      priority: 100,
      reasonCode: 'goodwill',
      note: 'Sorry for the outage',
      confirmedProduction: false,
    });
    expect(sent?.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('asks again with the same key and the same values when the answer was lost, and locks the fields till then', async () => {
    let answers = 0;
    const { bridge, user } = renderForm(openGrant, {
      handlers: {
        'ledger.grant': async () => {
          answers += 1;
          if (answers < 3) throw new AppError('outcome_unknown', 'The connection was lost.');
          return granted();
        },
      },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    expect(await screen.findByText('The outcome is not known yet.')).toBeVisible();
    expect(screen.getByText(/nothing is posted twice/)).toBeVisible();
    expect(screen.getByRole('textbox', { name: 'Credits' })).toBeDisabled();
    expect(screen.getByRole('textbox', { name: 'Note' })).toBeDisabled();
    expect(screen.queryByRole('button', { name: 'Grant 500 credits' })).toBeNull();

    await user.click(submitButton('Check again'));
    await waitFor(() => expect(bridge.callsOf('ledger.grant')).toHaveLength(2));
    await user.click(await screen.findByRole('button', { name: 'Check again' }));
    await screen.findByText('Granted 500 credits to Ada Lovelace');
    const [first, second, third] = bridge.callsOf('ledger.grant');
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  it('keeps an unknown outcome unknown while the database cannot be reached', async () => {
    const failures = [
      new AppError('outcome_unknown', 'The connection was lost.'),
      new AppError('database_unavailable', 'The database does not answer.'),
    ];
    const { user } = renderForm(openGrant, {
      handlers: {
        'ledger.grant': async () => {
          throw failures.shift() ?? new Error('not asked a third time');
        },
      },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    await user.click(await screen.findByRole('button', { name: 'Check again' }));
    expect(await screen.findByText(/The database does not answer\./)).toBeVisible();
    expect(screen.getByText('The outcome is not known yet.')).toBeVisible();
    expect(screen.getByRole('textbox', { name: 'Credits' })).toBeDisabled();
  });

  it('lets the fields be corrected after a refusal, and keeps its key', async () => {
    const { bridge, user } = renderForm(openGrant, {
      handlers: {
        'ledger.grant': async (input) => {
          if (input.amount > 400) {
            throw new AppError('limit_exceeded', 'The limit is 400 credits.', {
              fields: { amount: 'At most 400 credits.' },
            });
          }
          return granted({ amount: 400 });
        },
      },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    const amount = screen.getByRole('textbox', { name: 'Credits' });
    await waitFor(() => expect(amount).toHaveAccessibleDescription(/At most 400 credits\./));
    expect(amount).toHaveFocus();
    expect(screen.getByText('trace-', { exact: false })).toBeVisible();

    await user.clear(amount);
    await user.type(amount, '400');
    await user.click(submitButton('Grant 400 credits'));
    await screen.findByText('Granted 400 credits to Ada Lovelace');
    const [first, second] = bridge.callsOf('ledger.grant');
    expect(second?.idempotencyKey).toBe(first?.idempotencyKey);
  });

  it('opens every time with another key', async () => {
    const { bridge, user } = renderForm(openGrant, {
      handlers: { 'ledger.grant': async () => granted() },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await user.click(screen.getByRole('button', { name: 'Open again' }));
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    await waitFor(() => expect(bridge.callsOf('ledger.grant')).toHaveLength(2));
    const [first, second] = bridge.callsOf('ledger.grant');
    expect(second?.idempotencyKey).not.toBe(first?.idempotencyKey);
  });

  it('posts nothing while a field is wrong, and takes the person there', async () => {
    const { bridge, user } = renderForm(openGrant);
    await user.type(await screen.findByRole('textbox', { name: 'Credits' }), '1.000');
    await user.click(submitButton('Grant credits'));
    const amount = screen.getByRole('textbox', { name: 'Credits' });
    expect(amount).toHaveFocus();
    expect(amount).toHaveAccessibleDescription(/Use whole credits in digits only/);
    expect(screen.getByText('Choose a reason.')).toBeVisible();
    expect(screen.getByText('Note is required.')).toBeVisible();
    expect(bridge.callsOf('ledger.grant')).toEqual([]);
    expect(bridge.callsOf('ledger.preview')).toEqual([]);
  });

  it('echoes the amount it read', async () => {
    const { user } = renderForm(openGrant);
    const amount = await screen.findByRole('textbox', { name: 'Credits' });
    await user.type(amount, '1234567');
    expect(amount).toHaveAccessibleDescription('= 1,234,567 credits');
  });

  it('does not post on Enter in a field, but on Ctrl+Enter', async () => {
    const { bridge, user } = renderForm(openGrant, {
      handlers: { 'ledger.grant': async () => granted() },
    });
    await fillGrant(user);
    await user.type(screen.getByRole('textbox', { name: 'Credits' }), '{Enter}');
    expect(bridge.callsOf('ledger.grant')).toEqual([]);
    await user.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(bridge.callsOf('ledger.grant')).toHaveLength(1));
  });

  it('says politely what was done and offers to undo it by a reversal', async () => {
    const { bridge, user } = renderForm(openGrant, {
      handlers: {
        'ledger.grant': async () => granted(),
        'transactions.get': async () =>
          aTransactionDetail({ transaction: aTransaction({ id: '202' }), reversible: 500 }),
        'ledger.reverse': async () =>
          granted({ id: '203', type: 'reversal', amount: -500, reversesId: '202' }),
      },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    const notice = await screen.findByRole('group', { name: 'Posted' });
    expect(
      screen
        .getAllByRole('status')
        .some((region) => /Granted 500 credits/.test(region.textContent)),
    ).toBe(true);

    await user.click(within(notice).getByRole('button', { name: 'Undo' }));
    expect(await screen.findByRole('textbox', { name: 'Note' })).toHaveValue(
      'Undo of: Sorry for the outage',
    );
    await user.click(submitButton('Reverse 500 credits'));
    await screen.findByText('Reversed 500 credits of Ada Lovelace');
    expect(bridge.callsOf('ledger.reverse')).toMatchObject([
      { transactionId: '202', amount: 500, reasonCode: 'correction' },
    ]);
    // A reversal cannot be reversed.
    await waitFor(() => expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull());
  });
});

describe('the preview', () => {
  it('never shows the numbers of other fields than the present ones', async () => {
    const answers = new Map<number, () => void>();
    const { bridge, user } = renderForm(openGrant, {
      handlers: {
        'ledger.preview': (input, { signal }) =>
          new Promise((resolve, reject) => {
            const asked = 'amount' in input ? (input.amount ?? 0) : 0;
            answers.set(asked, () => resolve(aPreview(1_200 + asked)));
            signal.addEventListener('abort', () =>
              reject(new AppError('cancelled', 'The work was cancelled.')),
            );
          }),
      },
    });
    const amount = await screen.findByRole('textbox', { name: 'Credits' });
    await user.type(amount, '5');
    await waitFor(() => expect(answers.has(5)).toBe(true));
    await user.type(amount, '0');
    answers.get(5)?.();
    await waitFor(() => expect(answers.has(50)).toBe(true));
    expect(bridge.cancelled).toHaveLength(1);
    expect(screen.queryByText('1,205')).toBeNull();
    answers.get(50)?.();
    expect(await screen.findByText('1,250')).toBeVisible();

    // While the next digit is typed, what was true a moment ago is gone at once.
    await user.type(amount, '0');
    expect(screen.queryByText('1,250')).toBeNull();
    expect(screen.getByText('Asking the ledger…')).toBeVisible();
  });

  it('asks again when the ledger changed meanwhile', async () => {
    let available = 1_700;
    const { bridge, user } = renderForm(openGrant, {
      handlers: { 'ledger.preview': async () => aPreview(available) },
    });
    await user.type(await screen.findByRole('textbox', { name: 'Credits' }), '500');
    expect(await screen.findByText('1,700')).toBeVisible();
    available = 1_600;
    bridge.emit({ type: 'ledger.changed', customerId: 'user_1' });
    expect(await screen.findByText('1,600')).toBeVisible();
    expect(screen.queryByText('1,700')).toBeNull();
  });

  it('tells what else would be posted and which grants change', async () => {
    const { user } = renderForm(openGrant, {
      handlers: {
        'ledger.preview': async () =>
          aPreview(1_680, {
            grants: [
              {
                id: '12',
                source: 'bonus',
                description: '<b>Sorry</b>',
                remainingBefore: null,
                remainingAfter: 500,
                expiresAtBefore: null,
                expiresAtAfter: '2099-01-01T00:00:00.000Z',
              },
            ],
            alsoPosts: [{ type: 'expire', amount: -20 }],
          }),
      },
    });
    await user.type(await screen.findByRole('textbox', { name: 'Credits' }), '500');
    const preview = screen.getByRole('region', { name: 'Preview' });
    expect(await within(preview).findByText(/Also posted first: Expired −20/)).toBeVisible();
    expect(within(preview).getByText(/New: .*Bonus, <b>Sorry<\/b>/)).toBeVisible();
    expect(within(preview).getByText('expires 1 Jan 2099')).toBeVisible();
  });

  it('keeps the act from being posted that the ledger would refuse', async () => {
    const { bridge, user } = renderForm((forms) => forms.openAdjustDown('user_1'), {
      handlers: {
        'ledger.preview': async () => {
          throw new AppError('insufficient_credits', 'The customer has 1,200 credits available.');
        },
      },
    });
    await user.type(await screen.findByRole('textbox', { name: 'Credits to take away' }), '5000');
    await fillReason(user);
    const preview = screen.getByRole('region', { name: 'Preview' });
    expect(
      await within(preview).findByText(/The ledger would refuse this/, { selector: 'strong' }),
    ).toBeVisible();
    expect(submitButton('Take away 5,000 credits')).toBeDisabled();
    await user.keyboard('{Control>}{Enter}{/Control}');
    expect(bridge.callsOf('ledger.adjustDown')).toEqual([]);
  });
});

describe('a production connection', () => {
  it('is asked once more, with Cancel as the default, and only then posted to', async () => {
    const { bridge, user } = renderForm(openGrant, {
      session: production,
      handlers: { 'ledger.grant': async () => granted() },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    const question = await screen.findByRole('dialog', { name: /Post to Team ledger/ });
    expect(within(question).getByText('PRODUCTION')).toBeVisible();
    expect(within(question).getByRole('button', { name: 'Cancel' })).toHaveFocus();
    expect(bridge.callsOf('ledger.grant')).toEqual([]);

    await user.click(within(question).getByRole('button', { name: 'Cancel' }));
    expect(bridge.callsOf('ledger.grant')).toEqual([]);
    await user.click(submitButton('Grant 500 credits'));
    await user.click(
      await screen.findByRole('button', { name: 'Grant 500 credits on Team ledger' }),
    );
    await screen.findByText('Granted 500 credits to Ada Lovelace');
    expect(bridge.callsOf('ledger.grant')).toMatchObject([{ confirmedProduction: true }]);
  });

  it('is asked about also where only main knows that it is one', async () => {
    const { bridge, user } = renderForm(openGrant, {
      handlers: {
        'ledger.grant': async (input) => {
          if (!input.confirmedProduction) {
            throw new AppError('confirmation_required', 'This connection is production.');
          }
          return granted();
        },
      },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    await user.click(
      await screen.findByRole('button', { name: 'Grant 500 credits on This computer' }),
    );
    await screen.findByText('Granted 500 credits to Ada Lovelace');
    const [first, second] = bridge.callsOf('ledger.grant');
    expect(second).toEqual({ ...first, confirmedProduction: true });
  });
});

describe('closing a form', () => {
  it('asks before a draft is lost, and not where there is none', async () => {
    const { user } = renderForm(openGrant);
    await screen.findByRole('textbox', { name: 'Credits' });
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'Credits' })).toBeNull());

    await user.click(screen.getByRole('button', { name: 'Open again' }));
    await user.type(await screen.findByRole('textbox', { name: 'Credits' }), '5');
    await user.keyboard('{Escape}');
    const question = await screen.findByRole('dialog', { name: 'Discard this draft?' });
    expect(within(question).getByRole('button', { name: 'Keep editing' })).toHaveFocus();
    await user.keyboard('{Escape}');
    expect(screen.getByRole('textbox', { name: 'Credits' })).toHaveValue('5');
    await user.keyboard('{Escape}');
    await user.click(await screen.findByRole('button', { name: 'Discard draft' }));
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'Credits' })).toBeNull());
  });

  it('keeps an entry whose outcome is unknown, with its key, and returns to it', async () => {
    let known = false;
    const { bridge, user } = renderForm(openGrant, {
      handlers: {
        'ledger.grant': async () => {
          if (!known) throw new AppError('outcome_unknown', 'The connection was lost.');
          return granted();
        },
      },
    });
    await fillGrant(user);
    await user.click(submitButton('Grant 500 credits'));
    await screen.findByText('The outcome is not known yet.');
    await user.keyboard('{Escape}');
    await user.click(await screen.findByRole('button', { name: 'Close for now' }));
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'Note' })).toBeNull());

    known = true;
    // Opening the same form again is no new entry as long as this one is not settled.
    await user.click(screen.getByRole('button', { name: 'Open again' }));
    await user.click(await screen.findByRole('button', { name: 'Check again' }));
    await screen.findByText('Granted 500 credits to Ada Lovelace');
    const [first, second] = bridge.callsOf('ledger.grant');
    expect(second).toEqual(first);
    await waitFor(() => expect(screen.queryByRole('button', { name: 'Return to it' })).toBeNull());
  });
});

describe('each form', () => {
  it('reverses a part of a transaction, at most what is left of it', async () => {
    const { bridge, user } = renderForm(
      (forms) => forms.openReverse({ customerId: 'user_1', transactionId: '101' }),
      {
        handlers: {
          'transactions.get': async () => aTransactionDetail({ reversible: 300 }),
          'ledger.reverse': async () => granted({ type: 'reversal', amount: -120 }),
        },
      },
    );
    await screen.findByText(/200 credits, which a reversal cannot take back/);
    await user.click(screen.getByRole('radio', { name: 'A part of it' }));
    const amount = screen.getByRole('textbox', { name: 'Credits to reverse' });
    await user.type(amount, '301');
    await user.tab();
    expect(amount).toHaveAccessibleDescription(/At most 300 can still be reversed\./);
    await user.clear(amount);
    await user.type(amount, '120');
    await fillReason(user);
    await user.click(submitButton('Reverse 120 credits'));
    await screen.findByText('Reversed 120 credits of Ada Lovelace');
    expect(bridge.callsOf('ledger.reverse')).toMatchObject([
      { transactionId: '101', amount: 120, note: 'Sorry for the outage' },
    ]);
  });

  it('does not offer to reverse what is reversed already', async () => {
    renderForm((forms) => forms.openReverse({ customerId: 'user_1', transactionId: '101' }), {
      handlers: {
        'transactions.get': async () =>
          aTransactionDetail({ transaction: aTransaction({ reversed: 500 }), reversible: 0 }),
      },
    });
    expect(await screen.findByText(/reversed already/)).toBeVisible();
    expect(screen.queryByRole('textbox', { name: 'Note' })).toBeNull();
  });

  it('keeps the outcome of a reversal open though nothing is left to reverse any more', async () => {
    let reversible = 500;
    const { bridge, user } = renderForm(
      (forms) => forms.openReverse({ customerId: 'user_1', transactionId: '101' }),
      {
        handlers: {
          'transactions.get': async () => aTransactionDetail({ reversible }),
          'ledger.reverse': async () => {
            if (reversible > 0) {
              // Committed, but its answer was lost.
              reversible = 0;
              throw new AppError('outcome_unknown', 'The connection was lost.');
            }
            return granted({ type: 'reversal', amount: -500 });
          },
        },
      },
    );
    await screen.findByText('All that is left of it: 500 credits');
    await fillReason(user);
    await user.click(submitButton('Reverse 500 credits'));
    await screen.findByText('The outcome is not known yet.');
    bridge.emit({ type: 'ledger.changed', customerId: 'user_1' });
    await waitFor(() => expect(bridge.callsOf('transactions.get').length).toBeGreaterThan(1));
    await user.click(submitButton('Check again'));
    await screen.findByText('Reversed 500 credits of Ada Lovelace');
    const [first, second] = bridge.callsOf('ledger.reverse');
    expect(second).toEqual(first);
  });

  it('extends an expiry to the end of a later day', async () => {
    const grant = aGrant({ expiresAt: '2098-12-31T00:00:00.000Z' });
    const { bridge, user } = renderForm(
      (forms) => forms.openExtendGrant({ customerId: 'user_1', grantId: '11' }),
      {
        handlers: {
          'customers.credits': async () => ({
            balance: aBalance(),
            openGrants: [grant],
            closedGrants: [],
            holds: [],
            debt: 0,
          }),
          'ledger.extendGrant': async () => ({ grant, balance: aBalance() }),
        },
      },
    );
    await user.click(await screen.findByRole('button', { name: '+90 days' }));
    await fillReason(user);
    await user.click(submitButton('Extend 500 credits to 30 Mar 2099'));
    await screen.findByText('Extended 500 credits of Ada Lovelace to 30 Mar 2099');
    expect(bridge.callsOf('ledger.extendGrant')).toMatchObject([
      { grantId: '11', expiresAt: '2099-03-31T00:00:00.000Z' },
    ]);
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  it('releases a hold', async () => {
    const { bridge, user } = renderForm(
      (forms) => forms.openReleaseHold({ customerId: 'user_1', holdId: '71' }),
      {
        handlers: {
          'customers.credits': async () => ({
            balance: aBalance({ held: 40 }),
            openGrants: [],
            closedGrants: [],
            holds: [aHold()],
            debt: 0,
          }),
          'ledger.releaseHold': async () => ({ balance: aBalance() }),
        },
      },
    );
    await screen.findByText('Rendering of scene 7');
    await fillReason(user);
    await user.click(submitButton('Release 40 credits'));
    await screen.findByText('Released 40 credits to Ada Lovelace');
    expect(bridge.callsOf('ledger.releaseHold')).toMatchObject([{ holdId: '71' }]);
  });

  it('refuses to post on another connection than it was opened on', async () => {
    const { bridge, user } = renderForm(openGrant);
    await fillGrant(user);
    bridge.use({ 'settings.session': async () => aSession(production) });
    bridge.emit({ type: 'session.changed' });
    expect(await screen.findByText('The connection has changed.')).toBeVisible();
    expect(submitButton('Grant 500 credits')).toBeDisabled();
  });
});
