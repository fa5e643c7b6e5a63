import { notifications } from '@mantine/notifications';
import { screen, within } from '@testing-library/react';
import { useEffect } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import { BillingTab, useBillingForms } from '#renderer/features/billing/billing.tsx';
import { AppError } from '#shared/errors.ts';
import { aBilling, aCatalog, aCheckout, aStripeStatus } from '#test/support/billing-rows.ts';
import type { FakeHandlers } from '#test/support/fake-bridge.ts';
import { aListedPrice, aMeteringCatalog } from '#test/support/metering-rows.ts';
import { render, WithForms } from '#test/support/render.tsx';
import { aCustomer } from '#test/support/sample-rows.ts';

// The notices outlive what shows them.
afterEach(() => {
  notifications.cleanQueue();
  notifications.clean();
});

const CATALOG = aMeteringCatalog({
  prices: [
    aListedPrice(),
    aListedPrice({ id: 'yearly', name: 'Yearly', interval: 'year' }),
    aListedPrice({ id: 'euro', name: 'Euro', currency: 'eur' }),
    aListedPrice({ id: 'old', name: 'Old', active: false }),
    aListedPrice({
      id: 'unlinked',
      name: 'Unlinked',
      link: { state: 'unlinked', stripeId: null, stripeUrl: null },
    }),
  ],
});

function Opener() {
  const forms = useBillingForms();
  useEffect(() => forms.openSale('user_1', 'subscription'), [forms]);
  return null;
}

function renderSale(handlers: FakeHandlers = {}) {
  return render(<Opener />, {
    within: WithForms,
    handlers: {
      'customers.get': async () => aCustomer(),
      'catalog.list': async () => aCatalog(),
      'metering.catalog': async () => CATALOG,
      'stripe.status': async () => aStripeStatus(),
      'billing.customer': async () => aBilling(),
      ...handlers,
    },
  });
}

describe('selling a plan together with a metered price', () => {
  it('offers what the plan’s subscription can hold, and names it in the button and the link', async () => {
    const { bridge, user } = renderSale({
      'billing.startCheckout': async ({ id }) =>
        aCheckout({
          id,
          kind: 'subscription',
          itemId: 'pro',
          itemName: 'Pro',
          meteredPriceId: 'api_calls_usd',
          price: { amountMinor: 2_000, currency: 'usd' },
        }),
    });
    const byUse = await screen.findByRole('combobox', { name: /^Also billed by use/ });
    expect(byUse).toBeDisabled();
    await user.click(screen.getByRole('radio', { name: /^Pro/ }));
    await user.click(byUse);
    expect((await screen.findAllByRole('option')).map((each) => each.textContent)).toEqual([
      'API calls, graduated, 3 tiers',
    ]);
    await user.click(screen.getByRole('option', { name: /^API calls/ }));
    await user.click(
      screen.getByRole('button', {
        name: 'Create link for Pro, $20.00 a month, and API calls, graduated by use',
      }),
    );
    const drawer = await screen.findByRole('dialog', { name: 'Sell credits' });
    expect(
      await within(drawer).findByText('Pro, $20.00 a month, and API calls, graduated by use'),
    ).toBeVisible();
    expect(bridge.callsOf('billing.startCheckout')).toMatchObject([
      { kind: 'subscription', itemId: 'pro', meteredPriceId: 'api_calls_usd' },
    ]);
  });

  it('sells the plan alone where nothing is chosen', async () => {
    const { bridge, user } = renderSale({
      'billing.startCheckout': async ({ id }) => aCheckout({ id }),
    });
    await user.click(await screen.findByRole('radio', { name: /^Pro/ }));
    await user.click(screen.getByRole('button', { name: 'Create link for Pro, $20.00 a month' }));
    await screen.findByText('Waiting for payment');
    expect(bridge.callsOf('billing.startCheckout')[0]).not.toHaveProperty('meteredPriceId');
  });

  it('says why none can be chosen, and nothing where nothing is billed by use', async () => {
    const { bridge, user } = renderSale({
      'metering.catalog': async () =>
        aMeteringCatalog({ prices: [aListedPrice({ interval: 'year' })] }),
    });
    await user.click(await screen.findByRole('radio', { name: /^Pro/ }));
    expect(screen.getByText(/billed by the month in USD/)).toBeVisible();
    bridge.use({ 'metering.catalog': async () => aMeteringCatalog({ prices: [] }) });
    bridge.emit({ type: 'metering.changed', customerId: null });
    await expect
      .poll(() => screen.queryByRole('combobox', { name: /^Also billed by use/ }))
      .toBeNull();
  });

  it('says when the metered prices cannot be read, and can sell the plan alone', async () => {
    const { user } = renderSale({
      'metering.catalog': async () => {
        throw new AppError('database_unavailable', 'The database does not answer.');
      },
    });
    await user.click(await screen.findByRole('radio', { name: /^Pro/ }));
    expect(screen.getByText('The database does not answer.')).toBeVisible();
    expect(
      screen.getByRole('button', { name: 'Create link for Pro, $20.00 a month' }),
    ).toBeEnabled();
  });

  it('is told in the list of payment links', async () => {
    render(<BillingTab customerId="user_1" onOpenTransaction={() => undefined} />, {
      within: WithForms,
      handlers: {
        'billing.customer': async () =>
          aBilling({
            checkouts: [
              aCheckout({
                kind: 'subscription',
                itemName: 'Pro',
                meteredPriceId: 'api_calls_usd',
              }),
            ],
          }),
        'metering.catalog': async () => CATALOG,
        'stripe.status': async () => aStripeStatus(),
      },
    });
    const links = await screen.findByRole('list', { name: 'Payment links under way' });
    expect(
      await within(links).findByText(/also billed by use: API calls, graduated/),
    ).toBeVisible();
  });
});
