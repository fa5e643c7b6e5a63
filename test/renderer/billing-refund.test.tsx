import { notifications } from '@mantine/notifications';
import { screen, waitFor, within } from '@testing-library/react';
import { useEffect } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import { useBillingForms } from '#renderer/features/billing/billing.tsx';
import { TransactionDrawer } from '#renderer/features/customers/TransactionDrawer.tsx';
import { AppError } from '#shared/errors.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import {
  aBilling,
  aPayment,
  aRefundRequest,
  aStripeStatus,
  type RefundRequestData,
} from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers, type Session } from '#test/support/fake-bridge.ts';
import { render, WithForms } from '#test/support/render.tsx';
import {
  aBalance,
  aCustomer,
  aPreview,
  aTransaction,
  aTransactionDetail,
} from '#test/support/sample-rows.ts';

// The notices outlive what shows them.
afterEach(() => {
  notifications.cleanQueue();
  notifications.clean();
});

function Opener() {
  const forms = useBillingForms();
  useEffect(() => forms.openRefund({ customerId: 'user_1', stripePaymentId: 'pi_1' }), [forms]);
  return null;
}

function aRefundPreview(
  changes: Partial<HandlerOutput<Contract['billing.previewRefund']>> = {},
): HandlerOutput<Contract['billing.previewRefund']> {
  return {
    ...aPreview(950),
    payment: aPayment(),
    asked: 250,
    recovered: 250,
    unrecovered: 0,
    ...changes,
  };
}

const refunded = (changes: Partial<RefundRequestData> = {}) => ({
  request: aRefundRequest({ state: 'refunded', refundId: 're_1', ...changes }),
  payment: aPayment({ refundedMinor: 1_999, refundableMinor: 2_000, safeRefundMinor: 0 }),
  balance: aBalance({ balance: 950, available: 950 }),
});

function renderRefund(options: { handlers?: FakeHandlers; session?: Partial<Session> } = {}) {
  return render(<Opener />, {
    within: WithForms,
    ...(options.session !== undefined && { session: options.session }),
    handlers: {
      'customers.get': async () => aCustomer(),
      'stripe.status': async () => aStripeStatus(),
      'billing.payment': async () => aPayment(),
      'billing.customer': async () => aBilling(),
      'billing.previewRefund': async () => aRefundPreview(),
      ...options.handlers,
    },
  });
}

type User = ReturnType<typeof render>['user'];

async function fillReason(user: User) {
  await user.click(await screen.findByRole('combobox', { name: 'Reason' }));
  await user.click(await screen.findByRole('option', { name: 'Customer request' }));
  await user.type(screen.getByRole('textbox', { name: 'Note' }), 'Asked for it back');
}

const amountField = () => screen.getByRole('textbox', { name: 'Money to refund' });
const button = (name: string | RegExp) => screen.getByRole('button', { name });

describe('refunding money', () => {
  it('for real says LIVE, also while Stripe has not confirmed it', async () => {
    const { user } = renderRefund({
      handlers: {
        'stripe.status': async () => aStripeStatus({ mode: 'live' }),
        'billing.refund': async () => refunded({ state: 'requested', refundId: null }),
      },
    });
    const note = async () => (await screen.findByText('LIVE')).closest('p');
    expect(await note()).toHaveTextContent('LIVE Real money moves.');
    await fillReason(user);
    await user.click(button('Refund $19.99'));
    await screen.findByRole('button', { name: 'Try again now' });
    expect(await note()).toHaveTextContent('LIVE Real money moves.');
  });

  it('shows how the payment stands, and begins with the largest refund without a loss and Cancel', async () => {
    renderRefund();
    expect(await screen.findByRole('textbox', { name: 'Money to refund' })).toHaveValue('19.99');
    expect(amountField()).toHaveAccessibleDescription('= $19.99');
    expect(button('Refund $19.99')).toBeVisible();
    await waitFor(() => expect(button('Cancel')).toHaveFocus());
    expect(screen.getByText('Spent or expired').nextElementSibling).toHaveTextContent('250');
    expect(screen.getByText('Left of it').nextElementSibling).toHaveTextContent('250');
    expect(screen.getByText('Refunded so far').nextElementSibling).toHaveTextContent('Nothing');
    expect(screen.getByRole('radio', { name: /^Take what is left/ })).toBeChecked();
    expect(screen.getByText(/simulator: no real money moves/)).toBeVisible();
  });

  it('takes all of it or the largest without loss at a press, and previews each', async () => {
    const { bridge, user } = renderRefund({
      handlers: {
        'billing.previewRefund': async ({ amountMinor, policy }) =>
          amountMinor > 1_999 && policy === 'remaining'
            ? aRefundPreview({ asked: 500, recovered: 250, unrecovered: 250 })
            : aRefundPreview(),
      },
    });
    await user.click(await screen.findByRole('button', { name: 'All of it, $39.99' }));
    expect(amountField()).toHaveValue('39.99');
    const preview = screen.getByRole('region', { name: 'Preview' });
    expect(await within(preview).findByText('500 credits')).toBeVisible();
    expect(within(preview).getByText('Not recovered').nextElementSibling).toHaveTextContent('250');
    expect(within(preview).getByRole('status')).toHaveTextContent(
      /950 after\. The money stands for 500 credits: 250 taken back, 250 not recovered\./,
    );
    await user.click(button('Largest without loss, $19.99'));
    expect(button('Refund $19.99')).toBeVisible();
    await user.click(screen.getByRole('radio', { name: /^Take all/ }));
    await waitFor(() =>
      expect(bridge.callsOf('billing.previewRefund').at(-1)).toEqual({
        customerId: 'user_1',
        stripePaymentId: 'pi_1',
        amountMinor: 1_999,
        policy: 'debt',
      }),
    );
  });

  it('refunds once on a double click, and says what it did', async () => {
    const { bridge, user } = renderRefund({
      handlers: { 'billing.refund': async () => refunded() },
    });
    await fillReason(user);
    await user.click(screen.getByRole('combobox', { name: 'Reason for Stripe' }));
    await user.click(await screen.findByRole('option', { name: 'Duplicate payment' }));
    await user.dblClick(button('Refund $19.99'));
    expect(await screen.findByText('Refunded $19.99 to Ada Lovelace')).toBeVisible();
    expect(screen.getByText(/Available now: 950/, { selector: 'span' })).toBeVisible();
    const [sent, ...more] = bridge.callsOf('billing.refund');
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      customerId: 'user_1',
      stripePaymentId: 'pi_1',
      amountMinor: 1_999,
      policy: 'remaining',
      stripeReason: 'duplicate',
      reasonCode: 'customer_request',
      note: 'Asked for it back',
      confirmedProduction: false,
    });
  });

  it('refuses amounts that cannot be refunded, with the currency’s own decimals', async () => {
    const { bridge, user } = renderRefund({
      handlers: {
        'billing.payment': async () =>
          aPayment({
            currency: 'jpy',
            paidMinor: 4_000,
            refundableMinor: 4_000,
            safeRefundMinor: 0,
            remaining: 0,
          }),
      },
    });
    expect(await screen.findByRole('button', { name: /^Largest without loss/ })).toBeDisabled();
    expect(amountField()).toHaveValue('');
    await user.type(amountField(), '10.5');
    await user.click(button('Refund money'));
    expect(amountField()).toHaveAccessibleDescription(/JPY has no decimals\./);
    expect(amountField()).toHaveFocus();
    await user.clear(amountField());
    await user.type(amountField(), '4001');
    await user.tab();
    expect(amountField()).toHaveAccessibleDescription(/At most ¥4,000 can still be refunded\./);
    expect(bridge.callsOf('billing.previewRefund')).toEqual([]);
    expect(bridge.callsOf('billing.refund')).toEqual([]);
  });

  it('repeats with the same id when the answer was lost', async () => {
    let answers = 0;
    const { bridge, user } = renderRefund({
      handlers: {
        'billing.refund': async () => {
          answers += 1;
          if (answers < 2) throw new AppError('outcome_unknown', 'The connection was lost.');
          return refunded();
        },
      },
    });
    await fillReason(user);
    await user.click(button('Refund $19.99'));
    expect(await screen.findByText('The outcome is not known yet.')).toBeVisible();
    expect(amountField()).toBeDisabled();
    await user.click(button('Check again'));
    await screen.findByText('Refunded $19.99 to Ada Lovelace');
    const [first, second] = bridge.callsOf('billing.refund');
    expect(second).toEqual(first);
  });

  it('stays open after Stripe refused, and asks anew under another id', async () => {
    const answers = [
      async () => refunded({ state: 'refused', error: 'The charge is disputed.' }),
      async () => refunded(),
    ];
    const { bridge, user } = renderRefund({
      handlers: {
        'billing.refund': async () => (answers.shift() ?? (async () => refunded()))(),
      },
    });
    await fillReason(user);
    await user.click(button('Refund $19.99'));
    expect(await screen.findByRole('alert')).toHaveTextContent(/The charge is disputed\./);
    await user.click(button('Refund $19.99'));
    await screen.findByText('Refunded $19.99 to Ada Lovelace');
    const [first, second] = bridge.callsOf('billing.refund');
    expect(second?.id).not.toBe(first?.id);
  });

  it('says that Stripe has not confirmed it, that nothing is lost, and when it has', async () => {
    let request: RefundRequestData = aRefundRequest();
    const { bridge, user } = renderRefund({
      handlers: {
        'billing.refund': async ({ id }) => {
          request = aRefundRequest({ id });
          return { ...refunded(), request };
        },
        'billing.customer': async () => aBilling({ refundRequests: [request] }),
      },
    });
    await fillReason(user);
    await user.click(button('Refund $19.99'));
    expect(
      await screen.findByText('Stripe has not confirmed the refund of $19.99 yet.', {
        selector: 'p',
      }),
    ).toBeVisible();
    expect(
      screen.getByText(/Nothing is lost: .*finished by itself with the same key/, {
        selector: 'p',
      }),
    ).toBeVisible();
    request = { ...request, state: 'refunded', refundId: 're_1' };
    bridge.emit({ type: 'billing.changed', customerId: 'user_1' });
    expect(
      await screen.findByText('Stripe has confirmed the refund of $19.99.', { selector: 'p' }),
    ).toBeVisible();
    expect(screen.queryByRole('button', { name: 'Try again now' })).toBeNull();
  });

  it('is asked once more on a production connection', async () => {
    const { bridge, user } = renderRefund({
      session: {
        connection: { ...aSession().connection, name: 'Team ledger', environment: 'production' },
      },
      handlers: { 'billing.refund': async () => refunded() },
    });
    await fillReason(user);
    await user.click(button('Refund $19.99'));
    const question = await screen.findByRole('dialog', { name: /Team ledger/ });
    expect(within(question).getByText(/A refund cannot be called back\./)).toBeVisible();
    expect(bridge.callsOf('billing.refund')).toEqual([]);
    await user.click(
      within(question).getByRole('button', { name: 'Refund $19.99 on Team ledger' }),
    );
    await screen.findByText('Refunded $19.99 to Ada Lovelace');
    expect(bridge.callsOf('billing.refund')).toMatchObject([{ confirmedProduction: true }]);
  });

  it('does not refund what the ledger would refuse', async () => {
    const { user } = renderRefund({
      handlers: {
        'billing.previewRefund': async () => {
          throw new AppError('already_reversed', 'Less is left of this payment.');
        },
      },
    });
    await fillReason(user);
    expect(
      await screen.findByText(/The ledger would refuse this/, { selector: 'strong' }),
    ).toBeVisible();
    expect(button('Refund $19.99')).toBeDisabled();
  });

  it('offers no form for money that is not known here, or of which nothing is left', async () => {
    const { unmount } = renderRefund({
      handlers: {
        'billing.payment': async () => aPayment({ known: false, currency: null, paidMinor: null }),
      },
    });
    expect(await screen.findByText(/What was paid is not known here/)).toBeVisible();
    unmount();
    renderRefund({
      handlers: { 'billing.payment': async () => aPayment({ refundableMinor: 0 }) },
    });
    expect(await screen.findByText('Nothing of this payment is left to refund.')).toBeVisible();
  });
});

describe('the transaction of a purchase', () => {
  const renderDrawer = (
    transaction: Parameters<typeof aTransaction>[0],
    abilities: Ability[] = ['refund'],
  ) =>
    render(
      <TransactionDrawer
        customerId="user_1"
        transactionId="101"
        onShow={() => {}}
        onClose={() => {}}
      />,
      {
        within: WithForms,
        session: { database: { status: 'ready', report: aReport({ abilities }) } },
        handlers: {
          'transactions.get': async () =>
            aTransactionDetail({ transaction: aTransaction(transaction) }),
          'customers.get': async () => aCustomer(),
          'stripe.status': async () => aStripeStatus(),
          'billing.payment': async () => aPayment(),
          'billing.previewRefund': async () => aRefundPreview(),
        },
      },
    );

  it('leads to the refund of its payment', async () => {
    const { bridge, user } = renderDrawer({ type: 'purchase', stripePaymentId: 'pi_1' });
    await user.click(await screen.findByRole('button', { name: 'Refund money…' }));
    await screen.findByRole('textbox', { name: 'Money to refund' });
    expect(bridge.callsOf('billing.payment')).toEqual([
      { customerId: 'user_1', stripePaymentId: 'pi_1' },
    ]);
  });

  it.each([
    ['without a payment', { type: 'purchase', stripePaymentId: null }, ['refund']],
    ['that is a clawback', { type: 'clawback', stripePaymentId: 'pi_1' }, ['refund']],
    ['for a role that may not refund', { type: 'purchase', stripePaymentId: 'pi_1' }, []],
  ] as const)('offers no refund %s', async (_, transaction, abilities) => {
    renderDrawer(transaction, [...abilities]);
    await screen.findByText('Sorry for the outage');
    expect(screen.queryByRole('button', { name: 'Refund money…' })).toBeNull();
  });
});
