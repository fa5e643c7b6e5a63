import { notifications } from '@mantine/notifications';
import { screen, waitFor, within } from '@testing-library/react';
import { useEffect } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import { type BillingForms, useBillingForms } from '#renderer/features/billing/billing.tsx';
import { AppError } from '#shared/errors.ts';
import {
  aBilling,
  aCatalog,
  aCheckout,
  aStripeStatus,
  type CheckoutData,
} from '#test/support/billing-rows.ts';
import { aSession, type FakeHandlers, type Session } from '#test/support/fake-bridge.ts';
import { render, WithForms } from '#test/support/render.tsx';
import { aBalance, aCustomer } from '#test/support/sample-rows.ts';

// The notices outlive what shows them.
afterEach(() => {
  notifications.cleanQueue();
  notifications.clean();
});

const openSale = (forms: BillingForms) => forms.openSale('user_1');

function Opener({ open }: { open: (forms: BillingForms) => void }) {
  const forms = useBillingForms();
  useEffect(() => open(forms), [forms, open]);
  return (
    <button type="button" onClick={() => open(forms)}>
      Open again
    </button>
  );
}

function renderSale(
  options: {
    open?: (forms: BillingForms) => void;
    handlers?: FakeHandlers;
    session?: Partial<Session>;
  } = {},
) {
  return render(<Opener open={options.open ?? openSale} />, {
    within: WithForms,
    ...(options.session !== undefined && { session: options.session }),
    handlers: {
      'customers.get': async () => aCustomer(),
      'catalog.list': async () => aCatalog(),
      'stripe.status': async () => aStripeStatus(),
      'billing.customer': async () => aBilling(),
      ...options.handlers,
    },
  });
}

const button = (name: string) => screen.getByRole('button', { name });

describe('selling credits', () => {
  it.each([
    ['live', 'LIVE', 'Real money moves.'],
    ['test', 'Test mode', 'No real money moves.'],
  ] as const)(
    'in %s mode says so, also beside the link that was made',
    async (mode, tag, words) => {
      const { user } = renderSale({
        handlers: {
          'stripe.status': async () => aStripeStatus({ mode }),
          'billing.startCheckout': async () => aCheckout(),
        },
      });
      const note = async () => (await screen.findByText(tag)).closest('p');
      expect(await screen.findByText(tag)).toHaveAttribute('data-mode', mode);
      expect(await note()).toHaveTextContent(`${tag} ${words}`);
      await user.click(screen.getByRole('radio', { name: /^Large pack/ }));
      await user.click(button('Create link for 500 credits, $39.99'));
      await screen.findByRole('button', { name: /^Copy link/ });
      expect(await note()).toHaveTextContent(`${tag} ${words}`);
    },
  );

  it('offers what is sold, begins with a purchase, and names what the link is for', async () => {
    const { user } = renderSale();
    const packages = await screen.findByRole('radiogroup', { name: 'Package' });
    expect(screen.getByRole('radio', { name: 'Purchase of a package' })).toBeChecked();
    expect(screen.getByRole('radio', { name: 'Purchase of a package' })).toHaveFocus();
    const names = within(packages)
      .getAllByRole('radio')
      .map((radio) => (radio as HTMLInputElement).labels?.[0]?.textContent);
    expect(names).toEqual(['Small pack $9.99 100 credits', 'Large pack $39.99 500 credits']);
    await user.click(screen.getByRole('radio', { name: /^Large pack/ }));
    expect(button('Create link for 500 credits, $39.99')).toBeEnabled();

    // Plans without a price are not sold.
    await user.click(screen.getByRole('radio', { name: 'Subscription to a plan' }));
    const plans = screen.getByRole('radiogroup', { name: 'Plan' });
    expect(within(plans).getAllByRole('radio')).toHaveLength(1);
    await user.click(screen.getByRole('radio', { name: /^Pro/ }));
    expect(button('Create link for Pro, $20.00 a month')).toBeEnabled();
  });

  it('asks for nothing until something is chosen', async () => {
    const { bridge, user } = renderSale();
    await screen.findByRole('radiogroup', { name: 'Package' });
    await user.click(button('Create link'));
    expect(screen.getByText('Choose a package.')).toBeVisible();
    expect(bridge.callsOf('billing.startCheckout')).toEqual([]);
  });

  it('makes one link on a double click, shows it, and says when it was paid and the new balance', async () => {
    let checkout: CheckoutData | null = null;
    let available = 1_200;
    const { bridge, user } = renderSale({
      handlers: {
        'billing.startCheckout': async (input) => {
          checkout = aCheckout({ id: input.id, kind: input.kind });
          return checkout;
        },
        'billing.customer': async () =>
          aBilling({ checkouts: checkout === null ? [] : [checkout] }),
        'customers.get': async () =>
          aCustomer({ balance: aBalance({ balance: available, available }) }),
      },
    });
    await user.click(await screen.findByRole('radio', { name: 'Top-up with a package' }));
    await user.click(screen.getByRole('radio', { name: /^Large pack/ }));
    await user.dblClick(button('Create link for 500 credits, $39.99'));
    expect(await screen.findByText('Waiting for payment')).toBeVisible();
    expect(screen.getByText('http://127.0.0.1:12111/pay/cs_test_1')).toBeVisible();
    expect(button('Copy link for 500 credits')).toBeVisible();
    const [sent, ...more] = bridge.callsOf('billing.startCheckout');
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      customerId: 'user_1',
      kind: 'credit_topup',
      itemId: 'credits_500',
      confirmedProduction: false,
    });

    available = 1_700;
    checkout = aCheckout({ id: sent?.id ?? '', state: 'paid', url: null, transactionId: '202' });
    bridge.emit({ type: 'billing.changed', customerId: 'user_1' });
    expect(await screen.findByText(/500 credits were granted\./)).toBeVisible();
    expect(await screen.findByText('Available now: 1,700.')).toBeVisible();
  });

  it('repeats with the same id when the answer was lost, and keeps the form until it is known', async () => {
    let answers = 0;
    const { bridge, user } = renderSale({
      handlers: {
        'billing.startCheckout': async (input) => {
          answers += 1;
          if (answers < 2) throw new AppError('stripe_unavailable', 'Stripe did not answer.');
          return aCheckout({ id: input.id });
        },
      },
    });
    await user.click(await screen.findByRole('radio', { name: /^Large pack/ }));
    await user.click(button('Create link for 500 credits, $39.99'));
    expect(await screen.findByText('The outcome is not known yet.')).toBeVisible();
    // A link is no entry of the ledger.
    expect(screen.getByRole('alert')).toHaveTextContent('may or may not have been carried out');
    expect(screen.getByRole('radio', { name: /^Small pack/ })).toBeDisabled();
    await user.keyboard('{Escape}');
    await user.click(await screen.findByRole('button', { name: 'Close for now' }));
    await user.click(await screen.findByRole('button', { name: 'Return to it' }));
    await user.click(await screen.findByRole('button', { name: 'Check again' }));
    expect(await screen.findByText('Waiting for payment')).toBeVisible();
    const [first, second] = bridge.callsOf('billing.startCheckout');
    expect(second).toEqual(first);
  });

  it('takes another id after Stripe refused, for that link is on record as refused', async () => {
    const { bridge, user } = renderSale({
      handlers: {
        'billing.startCheckout': async (input) => {
          if (input.itemId === 'credits_500') {
            throw new AppError('stripe_refused', 'Stripe refused: the amount is too small.');
          }
          return aCheckout({ id: input.id, itemName: 'Small pack' });
        },
      },
    });
    await user.click(await screen.findByRole('radio', { name: /^Large pack/ }));
    await user.click(button('Create link for 500 credits, $39.99'));
    expect(await screen.findByRole('alert')).toHaveTextContent(/the amount is too small/);
    await user.click(screen.getByRole('radio', { name: /^Small pack/ }));
    await user.click(button('Create link for 100 credits, $9.99'));
    await screen.findByText('Waiting for payment');
    const [first, second] = bridge.callsOf('billing.startCheckout');
    expect(second?.id).not.toBe(first?.id);
  });

  it('is asked once more on a production connection', async () => {
    const { bridge, user } = renderSale({
      session: {
        connection: { ...aSession().connection, name: 'Team ledger', environment: 'production' },
      },
      handlers: { 'billing.startCheckout': async (input) => aCheckout({ id: input.id }) },
    });
    await user.click(await screen.findByRole('radio', { name: /^Large pack/ }));
    await user.click(button('Create link for 500 credits, $39.99'));
    const question = await screen.findByRole('dialog', { name: /Team ledger/ });
    expect(within(question).getByRole('button', { name: 'Cancel' })).toHaveFocus();
    expect(bridge.callsOf('billing.startCheckout')).toEqual([]);
    await user.click(
      within(question).getByRole('button', {
        name: 'Create link for 500 credits, $39.99 on Team ledger',
      }),
    );
    await screen.findByText('Waiting for payment');
    expect(bridge.callsOf('billing.startCheckout')).toMatchObject([{ confirmedProduction: true }]);
  });

  it('says where Stripe is connected when nothing is', async () => {
    renderSale({ handlers: { 'stripe.status': async () => aStripeStatus({ mode: 'none' }) } });
    expect(await screen.findByText(/No Stripe account is connected/)).toBeVisible();
    const drawer = screen.getByRole('dialog', { name: 'Sell credits' });
    expect(within(drawer).getByRole('link', { name: 'Settings, Stripe' })).toBeVisible();
    expect(within(drawer).queryByRole('radio')).toBeNull();
  });

  it('leads to the catalog when nothing is sold', async () => {
    renderSale({
      open: (forms) => forms.openSale('user_1', 'subscription'),
      handlers: { 'catalog.list': async () => ({ ...aCatalog(), plans: [] }) },
    });
    expect(await screen.findByText(/No plan is sold/)).toBeVisible();
    expect(screen.getByRole('link', { name: 'Open the catalog' })).toHaveAttribute(
      'href',
      '#/catalog',
    );
    await waitFor(() => expect(button('Create link')).toBeDisabled());
  });
});
