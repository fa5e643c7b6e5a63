import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { CatalogPage } from '#renderer/features/catalog/CatalogPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aCatalog, aStripeStatus, type CatalogData } from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';

/** The catalog with its second package changed in the console and its sold plan changed in Stripe. */
function outOfStep(): CatalogData {
  const catalog = aCatalog();
  const [first, second, third] = catalog.packages;
  const [free, pro] = catalog.plans;
  if (!first || !second || !third || !free || !pro) throw new Error('the sample is shorter');
  return {
    ...catalog,
    packages: [
      first,
      { ...second, link: { ...second.link, state: 'changed', differences: ['Not sent yet'] } },
      third,
    ],
    plans: [
      { ...free, link: { state: 'not_sold', productId: null, priceId: null, differences: [] } },
      {
        ...pro,
        link: {
          ...pro.link,
          state: 'drifted',
          differences: ['Stripe has USD 25.00, the console USD 20.00'],
        },
      },
    ],
  };
}

function open(
  options: {
    catalog?: CatalogData;
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
  } = {},
) {
  return render(<CatalogPage />, {
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
      ...(options.production && {
        connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
      }),
    },
    handlers: {
      'stripe.status': async () => aStripeStatus(),
      'catalog.list': async () => options.catalog ?? aCatalog(),
      ...options.handlers,
    },
  });
}

const table = async (name: string) => within(await screen.findByRole('table', { name }));

describe('the catalog', () => {
  it('lists packages and plans with credits, price and how they stand in Stripe', async () => {
    open({ catalog: outOfStep() });
    const packages = await table('Credit packages');
    expect(packages.getByRole('row', { name: /^Small pack/ })).toHaveTextContent(
      /100.*\$9\.99.*On sale.*As in Stripe.*price_1/,
    );
    expect(packages.getByRole('row', { name: /^Old pack/ })).toHaveTextContent('Not on sale');
    const plans = await table('Plans');
    expect(plans.getByRole('row', { name: /^Free/ })).toHaveTextContent(/10.*None.*Not sold/);
    expect(plans.getByRole('row', { name: /^Pro/ })).toHaveTextContent(
      /Changed in Stripe.*Stripe has USD 25\.00/,
    );
    expect(screen.getByText('2 items are not in Stripe as they are here.')).toBeVisible();
    expect(plans.queryByRole('button', { name: /Stripe: Free/ })).toBeNull();
  });

  it('sends one item or all to Stripe, and shows what came of it', async () => {
    const { user, bridge } = open({
      catalog: outOfStep(),
      handlers: { 'catalog.sync': async () => aCatalog() },
    });
    const plans = await table('Plans');
    await user.click(plans.getByRole('button', { name: 'Repair in Stripe: Pro' }));
    expect(await screen.findByText('All that is sold is in Stripe as it is here.')).toBeVisible();
    expect(bridge.callsOf('catalog.sync')).toEqual([
      { item: { kind: 'plan', id: 'pro' }, confirmedProduction: false },
    ]);
  });

  it('asks once more before it changes what production sells', async () => {
    const { user, bridge } = open({
      production: true,
      catalog: outOfStep(),
      handlers: { 'catalog.sync': async () => aCatalog() },
    });
    await user.click(await screen.findByRole('button', { name: 'Send all 2 to Stripe' }));
    let question = within(
      await screen.findByRole('dialog', { name: 'Send the catalog to Stripe?' }),
    );
    expect(question.getByRole('button', { name: 'Cancel' })).toHaveFocus();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await user.click(screen.getByRole('button', { name: 'Repair in Stripe: Pro' }));
    expect(await screen.findByRole('dialog', { name: 'Send Pro to Stripe?' })).toBeVisible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('catalog.sync')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Send all 2 to Stripe' }));
    question = within(await screen.findByRole('dialog', { name: 'Send the catalog to Stripe?' }));
    await user.click(question.getByRole('button', { name: 'Send to Stripe on Acme' }));
    await waitFor(() =>
      expect(bridge.callsOf('catalog.sync')).toEqual([{ item: null, confirmedProduction: true }]),
    );
  });

  it('compares with Stripe; a failure is told, and gone with the next success', async () => {
    let isDown = true;
    const { user } = open({
      handlers: {
        'catalog.compare': async () => {
          if (isDown) throw new AppError('stripe_unavailable', 'Stripe does not answer.');
          return { ...outOfStep(), comparedAt: new Date().toISOString() };
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Compare with Stripe' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Stripe does not answer.');
    isDown = false;
    await user.click(screen.getByRole('button', { name: 'Compare with Stripe' }));
    expect(await screen.findByText(/2 items are not in Stripe/)).toHaveTextContent(
      /Compared now\.$/,
    );
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('can be edited without Stripe, but not sent', async () => {
    open({
      catalog: outOfStep(),
      handlers: { 'stripe.status': async () => aStripeStatus({ mode: 'none' }) },
    });
    expect(await screen.findByText(/No Stripe account is connected/)).toBeVisible();
    await table('Plans');
    expect(screen.queryByRole('button', { name: /(Send|Repair|Compare)/ })).toBeNull();
    expect(screen.getByRole('button', { name: 'Edit Pro' })).toBeVisible();
  });

  it('is only read by a role that may not change it', async () => {
    open({ catalog: outOfStep(), abilities: ['sell'] });
    await table('Plans');
    expect(screen.queryByRole('button', { name: /^(Send|Repair|Compare|New|Edit)/ })).toBeNull();
  });

  it('says so where it cannot be read, and asks again', async () => {
    const { user, bridge } = open({
      handlers: {
        'catalog.list': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({ 'catalog.list': async () => aCatalog() });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await table('Plans');
  });
});

describe('a package', () => {
  it('is checked field by field, saved exactly, and listed', async () => {
    let catalog = aCatalog();
    const { user, bridge } = open({
      handlers: {
        'catalog.list': async () => catalog,
        'catalog.savePackage': async ({ id, name, credits, currency, amountMinor, active }) => {
          const saved = {
            id,
            name,
            credits,
            price: { currency, amountMinor },
            active,
            changedAt: '2026-11-22T08:00:00.000Z',
            changedBy: 'ada',
            link: { state: 'unlinked' as const, productId: null, priceId: null, differences: [] },
          };
          catalog = { ...catalog, packages: [...catalog.packages, saved] };
          return saved;
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'New package' }));
    const form = within(await screen.findByRole('dialog', { name: 'New package' }));
    await user.click(form.getByRole('button', { name: 'Save package' }));
    expect(form.getByLabelText('Name')).toHaveAccessibleDescription('Enter a name.');
    expect(form.getByLabelText('Name')).toHaveFocus();
    expect(bridge.callsOf('catalog.savePackage')).toEqual([]);

    await user.type(form.getByLabelText('Name'), 'Yen pack');
    await user.type(form.getByLabelText('Key'), 'Yen Pack');
    await user.type(form.getByLabelText('Credits'), '2,000');
    expect(form.getByText('= 2,000 credits')).toBeVisible();
    await user.type(form.getByLabelText('Price'), '9.99');
    expect(form.getByText('= $9.99')).toBeVisible();
    await user.clear(form.getByLabelText('Currency'));
    // Half typed, it is no currency: the number is read back alone.
    await user.type(form.getByLabelText('Currency'), 'JP');
    expect(form.getByText('= 9.99')).toBeVisible();
    await user.type(form.getByLabelText('Currency'), 'Y');
    await user.click(form.getByRole('button', { name: 'Save package' }));
    expect(form.getByLabelText('Key')).toHaveAccessibleDescription(/small letters/);
    expect(form.getByLabelText('Price')).toHaveAccessibleDescription(
      'JPY has no decimals. An amount, such as 1200',
    );

    await user.clear(form.getByLabelText('Key'));
    await user.type(form.getByLabelText('Key'), 'yen_pack');
    await user.clear(form.getByLabelText('Price'));
    await user.type(form.getByLabelText('Price'), '1,500');
    await user.click(form.getByRole('button', { name: 'Save package' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('catalog.savePackage')).toEqual([
      {
        isNew: true,
        id: 'yen_pack',
        name: 'Yen pack',
        credits: 2_000,
        currency: 'jpy',
        amountMinor: 1_500,
        active: true,
        confirmedProduction: false,
      },
    ]);
    expect(await screen.findByRole('row', { name: /^Yen pack/ })).toHaveTextContent('¥1,500');
  });

  it('keeps its key, and shows beside its field what main has against it', async () => {
    const { user } = open({
      handlers: {
        'catalog.savePackage': async () => {
          throw new AppError('invalid_argument', 'A value is out of range.', {
            fields: { amountMinor: 'is more than Stripe takes at once' },
          });
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Edit Small pack' }));
    const form = within(await screen.findByRole('dialog', { name: 'Edit Small pack' }));
    expect(form.getByLabelText('Key')).toBeDisabled();
    expect(form.getByLabelText('Price')).toHaveValue('9.99');
    await user.click(form.getByRole('button', { name: 'Save package' }));
    await waitFor(() =>
      expect(form.getByLabelText('Price')).toHaveAccessibleDescription(
        'is more than Stripe takes at once = $9.99',
      ),
    );
  });

  it('of production is confirmed in its form, also where only main knows of it', async () => {
    const { user, bridge } = open({
      handlers: {
        'catalog.savePackage': async ({ confirmedProduction }) => {
          if (!confirmedProduction) throw new AppError('confirmation_required', 'Confirm it.');
          const [first] = aCatalog().packages;
          if (!first) throw new Error('the sample is empty');
          return first;
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Edit Small pack' }));
    const form = within(await screen.findByRole('dialog'));
    const save = form.getByRole('button', { name: 'Save package' });
    await user.click(save);
    await user.click(await form.findByRole('checkbox', { name: /which is production/ }));
    await user.click(save);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(
      bridge.callsOf('catalog.savePackage').map(({ confirmedProduction }) => confirmedProduction),
    ).toEqual([false, true]);
  });
});

describe('a draft', () => {
  const question = () => screen.findByRole('dialog', { name: 'Discard this draft?' });
  const noDialog = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());

  it.each([
    ['New package', 'Save package'],
    ['New plan', 'Save plan'],
  ])('of “%s” is lost only where the person says so, by Esc and by Cancel', async (title, save) => {
    const { user } = open();
    await user.click(await screen.findByRole('button', { name: title }));
    const form = within(await screen.findByRole('dialog', { name: title }));
    await user.type(form.getByLabelText('Name'), 'Trial');
    await user.keyboard('{Escape}');
    expect(await question()).toHaveTextContent(/has not been saved/);
    expect(screen.getByRole('button', { name: 'Keep editing' })).toHaveFocus();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByText(/has not been saved/)).toBeNull());
    expect(form.getByLabelText('Name')).toHaveValue('Trial');
    expect(form.getByRole('button', { name: save })).toBeEnabled();

    await user.click(form.getByRole('button', { name: 'Cancel' }));
    await user.click(within(await question()).getByRole('button', { name: 'Discard draft' }));
    await noDialog();
  });

  it('that was not begun is left without a question', async () => {
    const { user } = open();
    await user.click(await screen.findByRole('button', { name: 'Edit Pro' }));
    await screen.findByRole('dialog', { name: 'Edit Pro' });
    await user.keyboard('{Escape}');
    await noDialog();
  });

  it('whose saving got no answer is not said to be unsaved', async () => {
    const { user } = open({
      handlers: {
        'catalog.savePackage': async () => {
          throw new AppError('outcome_unknown', 'The answer did not come.');
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Edit Small pack' }));
    const form = within(await screen.findByRole('dialog', { name: 'Edit Small pack' }));
    await user.type(form.getByLabelText('Name'), ' 2');
    await user.click(form.getByRole('button', { name: 'Save package' }));
    await form.findByRole('alert');
    await user.click(form.getByRole('button', { name: 'Cancel' }));
    expect(await question()).toHaveTextContent(/may or may not have been saved/);
  });
});

describe('a plan', () => {
  it('may give nothing, keep up to a cap, and not be sold', async () => {
    const { user, bridge } = open({
      handlers: {
        'catalog.savePlan': async () => {
          const [first] = aCatalog().plans;
          if (!first) throw new Error('the sample is empty');
          return first;
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'New plan' }));
    const form = within(await screen.findByRole('dialog', { name: 'New plan' }));
    await user.type(form.getByLabelText('Name'), 'Trial');
    await user.type(form.getByLabelText('Tier'), 'trial');
    await user.type(form.getByLabelText('Credits a month'), '0');
    await user.click(form.getByRole('radio', { name: 'Stays up to a cap' }));
    await user.click(form.getByRole('button', { name: 'Save plan' }));
    expect(form.getByLabelText('Cap, in credits')).toHaveAccessibleDescription(
      'Enter a number of credits.',
    );
    expect(form.queryByLabelText('Price a month')).toBeNull();
    await user.type(form.getByLabelText('Cap, in credits'), '50');
    await user.click(form.getByRole('button', { name: 'Save plan' }));
    await waitFor(() =>
      expect(bridge.callsOf('catalog.savePlan')).toEqual([
        {
          isNew: true,
          tier: 'trial',
          name: 'Trial',
          monthlyCredits: 0,
          rollover: 'cap',
          rolloverCap: 50,
          price: null,
          active: true,
          allocatesWithoutSubscription: false,
          lowBalanceThreshold: null,
          confirmedProduction: false,
        },
      ]),
    );
  });

  it('may give its credits without Stripe too, and have a threshold of its own', async () => {
    const catalog = aCatalog();
    const [free] = catalog.plans;
    if (!free) throw new Error('the sample is empty');
    const changed = { ...free, allocatesWithoutSubscription: true, lowBalanceThreshold: 5 };
    const { user, bridge } = open({
      handlers: {
        'catalog.list': async () => catalog,
        'catalog.savePlan': async () => {
          catalog.plans = [changed];
          return changed;
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Edit Free' }));
    const form = within(await screen.findByRole('dialog', { name: 'Edit Free' }));
    const also = form.getByRole('checkbox', { name: /also without a Stripe subscription/ });
    expect(also).not.toBeChecked();
    expect(also).toHaveAccessibleDescription(/once per calendar month \(UTC\)/);
    await user.click(also);
    await user.type(form.getByLabelText('Low below'), '1.5');
    await user.click(form.getByRole('button', { name: 'Save plan' }));
    expect(form.getByLabelText('Low below')).toHaveAccessibleDescription(/Use whole credits/);
    await user.clear(form.getByLabelText('Low below'));
    await user.type(form.getByLabelText('Low below'), '5');
    await user.click(form.getByRole('button', { name: 'Save plan' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(bridge.callsOf('catalog.savePlan')).toMatchObject([
      { tier: 'free', allocatesWithoutSubscription: true, lowBalanceThreshold: 5 },
    ]);
    expect(await screen.findByRole('row', { name: /^Free/ })).toHaveTextContent(
      /Low below 5.*Also without Stripe/,
    );
  });
});
