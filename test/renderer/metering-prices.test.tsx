import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { MeteringPage } from '#renderer/features/metering/MeteringPage.tsx';
import { AppError } from '#shared/errors.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aCatalog, aStripeStatus } from '#test/support/billing-rows.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import {
  aListedPrice,
  aMeter,
  aMeteringCatalog,
  type MeteringCatalogData,
} from '#test/support/metering-rows.ts';
import { render } from '#test/support/render.tsx';

const unlinked = { state: 'unlinked', stripeId: null, stripeUrl: null } as const;

function open(
  options: {
    catalog?: MeteringCatalogData;
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
  } = {},
) {
  return render(<MeteringPage />, {
    path: '/metering',
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
      'metering.catalog': async () => options.catalog ?? aMeteringCatalog(),
      'catalog.list': async () => aCatalog(),
      ...options.handlers,
    },
  });
}

const table = async (name: string) => within(await screen.findByRole('table', { name }));
const dialog = async (name: string | RegExp) => within(await screen.findByRole('dialog', { name }));
const noDialog = () => waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
/** The cells of a table's rows, as texts; money as it is seen, without what only a screen reader says. */
const cellsOf = (rows: HTMLElement[]) =>
  rows.map((row) =>
    [...row.children].map(
      (cell) => (cell.querySelector('[aria-hidden="true"]') ?? cell).textContent,
    ),
  );

describe('meters and prices', () => {
  it('are listed with how they count, what they cost and how they stand in Stripe', async () => {
    open({
      catalog: aMeteringCatalog({
        prices: [
          aListedPrice(),
          aListedPrice({
            id: 'tokens',
            name: 'Tokens',
            currency: 'eur',
            interval: 'year',
            tiers: [{ upTo: null, unitAmount: '0.02', flatAmount: null }],
            link: { ...unlinked, state: 'differs' },
          }),
        ],
      }),
    });
    const meters = await table('Meters');
    expect(meters.getByRole('row', { name: /^API calls/ })).toHaveTextContent(
      /api_calls.*Sum.*Active.*As in Stripe.*mtr_1/,
    );
    expect(meters.getByRole('row', { name: /^Seats/ })).toHaveTextContent(/Latest.*Inactive/);
    const prices = await table('Metered prices');
    expect(prices.getByRole('row', { name: /graduated/ })).toHaveTextContent(
      /api_calls.*3 tiers.*USD.*a month/,
    );
    expect(prices.getByRole('row', { name: /^Tokens/ })).toHaveTextContent(
      /€0\.0002 a unit.*EUR.*a year.*Differs in Stripe/,
    );
    expect(screen.getByText('1 item is not in Stripe as it is here.')).toBeVisible();
  });

  it('say what a meter is while there is none', async () => {
    open({ catalog: aMeteringCatalog({ meters: [], prices: [], featureMeters: [] }) });
    expect(await screen.findByText(/A meter counts one kind of use/)).toBeVisible();
    expect(screen.queryByRole('button', { name: 'New price' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Send to Stripe' })).toBeNull();
  });

  it('are sent to Stripe where it lacks one that is used', async () => {
    const { user, bridge } = open({
      catalog: aMeteringCatalog({
        meters: [
          aMeter({ link: unlinked }),
          aMeter({ eventName: 'old', active: false, link: unlinked }),
        ],
      }),
      handlers: { 'metering.sync': async () => aMeteringCatalog() },
    });
    expect(await screen.findByText('1 item is not in Stripe as it is here.')).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Send to Stripe' }));
    expect(
      await screen.findByText('Meters and prices are in Stripe as they are here.'),
    ).toBeVisible();
    expect(bridge.callsOf('metering.sync')).toEqual([{ confirmedProduction: false }]);
  });

  it('can be read by every role, which is told why it has no buttons', async () => {
    open({ abilities: ['sell'] });
    await table('Meters');
    expect(screen.getByText(/takes a role that may manage Stripe/)).toBeVisible();
    expect(
      screen.queryByRole('button', { name: /^(New|Meter a|Send|Deactivate|Activate|Remove)/ }),
    ).toBeNull();
  });

  it('cannot be made without Stripe; features still can be bound', async () => {
    open({ handlers: { 'stripe.status': async () => aStripeStatus({ mode: 'none' }) } });
    expect(await screen.findByText(/No Stripe account is connected/)).toBeVisible();
    await table('Meters');
    expect(screen.queryByRole('button', { name: /^(New|Send|Deactivate)/ })).toBeNull();
    expect(screen.getByRole('button', { name: 'Meter a feature' })).toBeVisible();
  });

  it('say so where they cannot be read, and ask again', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.catalog': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
    bridge.use({ 'metering.catalog': async () => aMeteringCatalog() });
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await table('Meters');
  });
});

describe('a meter', () => {
  it('is checked field by field, made, and listed from the answer', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.createMeter': async ({ eventName, name, formula }) =>
          aMeteringCatalog({ meters: [aMeter({ eventName, name, formula })] }),
      },
    });
    await user.click(await screen.findByRole('button', { name: 'New meter' }));
    const form = await dialog('New meter');
    await user.click(form.getByRole('button', { name: 'Make meter' }));
    expect(form.getByLabelText('Name')).toHaveAccessibleDescription('Enter a name.');
    expect(form.getByLabelText('Name')).toHaveFocus();
    await user.type(form.getByLabelText('Name'), 'Storage');
    await user.type(form.getByLabelText('Event name'), 'storage gb');
    await user.click(form.getByRole('button', { name: 'Make meter' }));
    expect(form.getByLabelText('Event name')).toHaveAccessibleDescription(/must be letters/);
    expect(bridge.callsOf('metering.createMeter')).toEqual([]);
    await user.clear(form.getByLabelText('Event name'));
    await user.type(form.getByLabelText('Event name'), 'storage_gb');
    await user.click(form.getByRole('radio', { name: 'Latest' }));
    await user.click(form.getByRole('button', { name: 'Make meter' }));
    await noDialog();
    expect(bridge.callsOf('metering.createMeter')).toEqual([
      { name: 'Storage', eventName: 'storage_gb', formula: 'last', confirmedProduction: false },
    ]);
    expect(await screen.findByRole('row', { name: /^Storage/ })).toHaveTextContent('storage_gb');
    expect(bridge.callsOf('metering.catalog')).toHaveLength(1);
  });

  it('of production is confirmed in its form, also where only main knows of it', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.createMeter': async ({ confirmedProduction }) => {
          if (!confirmedProduction) throw new AppError('confirmation_required', 'Confirm it.');
          return aMeteringCatalog();
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'New meter' }));
    const form = await dialog('New meter');
    await user.type(form.getByLabelText('Name'), 'Storage');
    await user.type(form.getByLabelText('Event name'), 'storage');
    await user.click(form.getByRole('button', { name: 'Make meter' }));
    await user.click(await form.findByRole('checkbox', { name: /which is production/ }));
    await user.click(form.getByRole('button', { name: 'Make meter' }));
    await noDialog();
    expect(bridge.callsOf('metering.createMeter').map((each) => each.confirmedProduction)).toEqual([
      false,
      true,
    ]);
  });

  it('is deactivated after a question; a refusal is told', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.setMeterActive': async () => {
          throw new AppError('invalid_argument', 'An active price is on this meter.');
        },
      },
    });
    const meters = await table('Meters');
    await user.click(meters.getByRole('button', { name: 'Deactivate API calls' }));
    const question = await dialog('Deactivate API calls?');
    expect(question.getByRole('button', { name: 'Cancel' })).toHaveFocus();
    expect(bridge.callsOf('metering.setMeterActive')).toEqual([]);
    await user.click(question.getByRole('button', { name: 'Deactivate' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('An active price is on this meter.');
    expect(bridge.callsOf('metering.setMeterActive')).toMatchObject([
      // The question did not name production: it confirmed nothing about it.
      { eventName: 'api_calls', active: false, confirmedProduction: false },
    ]);
  });

  it('is activated at once, but on production asked about', async () => {
    const handlers: FakeHandlers = { 'metering.setMeterActive': async () => aMeteringCatalog() };
    const first = open({ handlers });
    await first.user.click(await screen.findByRole('button', { name: 'Activate Seats' }));
    await waitFor(() =>
      expect(first.bridge.callsOf('metering.setMeterActive')).toEqual([
        { eventName: 'seats', active: true, confirmedProduction: false },
      ]),
    );
    first.unmount();
    const second = open({ handlers, production: true });
    await second.user.click(await screen.findByRole('button', { name: 'Activate Seats' }));
    const question = await dialog('Activate Seats?');
    expect(question.getByText('PRODUCTION')).toBeVisible();
    await second.user.click(question.getByRole('button', { name: 'Activate on Acme' }));
    await waitFor(() =>
      expect(second.bridge.callsOf('metering.setMeterActive')).toEqual([
        { eventName: 'seats', active: true, confirmedProduction: true },
      ]),
    );
  });
});

describe('a price', () => {
  const openPrice = async (user: ReturnType<typeof open>['user']) => {
    await user.click(await screen.findByRole('button', { name: 'API calls, graduated' }));
    return dialog('API calls, graduated');
  };

  it('shows its tiers exactly, and its curve in words and as rows', async () => {
    const { user } = open();
    const drawer = await openPrice(user);
    expect(
      cellsOf(within(drawer.getByRole('table', { name: 'Tiers' })).getAllByRole('row')),
    ).toEqual([
      ['From', 'To', 'Per unit', 'Fee'],
      ['1', '1,000', '$0.10', 'None'],
      ['1,001', '10,000', '$0.05', 'None'],
      ['10,001', 'and beyond', '$0.0002', '$5.00'],
    ]);
    expect(drawer.getByRole('img')).toHaveAccessibleName(
      'Price by units, to 15,000 units. $556.00 there. Tier 1 ends at 1,000 with $100.00. ' +
        'Tier 2 ends at 10,000 with $550.00. 3 tiers.',
    );
    await user.click(drawer.getByText('Table'));
    expect(
      cellsOf(within(drawer.getByRole('table', { name: 'Price by units' })).getAllByRole('row')).at(
        -2,
      ),
    ).toEqual(['10,001', '$555.00']);
  });

  it('is read along its curve by key', async () => {
    const { user } = open();
    const drawer = await openPrice(user);
    const cursor = drawer.getByRole('slider', { name: 'Price by units: units' });
    const reads = () => cursor.getAttribute('aria-valuetext');
    cursor.focus();
    expect(reads()).toBe('15,000 units: $556.00');
    await user.keyboard('{PageUp}');
    expect(reads()).toBe('10,000 units: $550.00');
    await user.keyboard('{ArrowRight}');
    expect(reads()).toBe('10,300 units: $555.06');
    await user.keyboard('{Home}{ArrowLeft}');
    expect(reads()).toBe('0 units: $0.00');
    await user.keyboard('{PageDown}');
    expect(reads()).toBe('1,000 units: $100.00');
  });

  it('calculates what units cost, tier by tier', async () => {
    const { user } = open();
    const drawer = await openPrice(user);
    const field = drawer.getByLabelText('What would so many units cost?');
    await user.clear(field);
    await user.type(field, '12,025');
    expect(
      cellsOf(within(drawer.getByRole('table', { name: 'Cost' })).getAllByRole('row')),
    ).toEqual([
      ['Units', 'Count', 'Each', 'Amount'],
      ['1 – 1,000', '1,000', '$0.10', '$100.00'],
      ['1,001 – 10,000', '9,000', '$0.05', '$450.00'],
      ['10,001 and beyond', '2,025', '$0.0002', '$0.41'],
      ['Fee of 10,001 and beyond', '1', '$5.00', '$5.00'],
      ['Total', '$555.41'],
    ]);
    await user.clear(field);
    await user.type(field, '1.5');
    expect(field).toHaveAccessibleDescription('Use whole units, such as 1,000.');
    expect(drawer.queryByRole('table', { name: 'Cost' })).toBeNull();
  });

  it('does not show what failed of a meter', async () => {
    const { user } = open({
      handlers: {
        'metering.setMeterActive': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Activate Seats' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('does not answer');
    expect((await openPrice(user)).queryByRole('alert')).toBeNull();
  });

  it('is deactivated from its drawer, which Esc on the question leaves open', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.setPriceActive': async () =>
          aMeteringCatalog({ prices: [aListedPrice({ active: false })] }),
      },
    });
    const drawer = await openPrice(user);
    await user.click(drawer.getByRole('button', { name: 'Deactivate' }));
    await dialog('Deactivate API calls, graduated?');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog', { name: /\?$/ })).toBeNull());
    expect(screen.getByRole('dialog', { name: 'API calls, graduated' })).toBeVisible();
    await user.click(drawer.getByRole('button', { name: 'Deactivate' }));
    const question = await dialog('Deactivate API calls, graduated?');
    await user.click(question.getByRole('button', { name: 'Deactivate' }));
    expect(await drawer.findByText('Inactive')).toBeVisible();
    expect(bridge.callsOf('metering.setPriceActive')).toMatchObject([
      { id: 'api_calls_usd', active: false },
    ]);
    await waitFor(() => expect(drawer.getByRole('button', { name: 'Activate' })).toHaveFocus());
  });
});

describe('a new price', () => {
  const openForm = async (options: Parameters<typeof open>[0] = {}) => {
    const view = open(options);
    await view.user.click(await screen.findByRole('button', { name: 'New price' }));
    return { ...view, form: await dialog('New metered price') };
  };

  it('is typed in tiers, shown while it is typed, and sent exactly', async () => {
    const { user, bridge, form } = await openForm({
      handlers: {
        'metering.createPrice': async ({ id, name, tiers }) =>
          aMeteringCatalog({ prices: [aListedPrice({ id, name, tiers })] }),
      },
    });
    await user.type(form.getByLabelText('Name'), 'Calls');
    await user.type(form.getByLabelText('Key'), 'calls');
    await user.type(form.getByLabelText('Tier 1: per unit'), '0.1');
    expect(form.getByText('= 1 and beyond: $0.10 each')).toBeVisible();
    await user.click(form.getByRole('button', { name: 'Add tier' }));
    expect(form.queryByRole('img')).toBeNull();
    await user.type(form.getByLabelText('Tier 1: up to'), '1,000');
    await user.type(form.getByLabelText('Tier 2: per unit'), '0.0002');
    await user.type(form.getByLabelText('Tier 2: fee'), '5');
    expect(form.getByText('= 1,001 and beyond: $0.0002 each, and $5.00 once')).toBeVisible();
    expect(form.getByRole('img')).toHaveAccessibleName(/Tier 1 ends at 1,000 with \$100\.00/);
    await user.click(form.getByText('Yearly'));
    await user.click(form.getByRole('button', { name: 'Make price' }));
    await noDialog();
    expect(bridge.callsOf('metering.createPrice')).toEqual([
      {
        id: 'calls',
        name: 'Calls',
        eventName: 'api_calls',
        currency: 'usd',
        interval: 'year',
        tiers: [
          { upTo: 1_000, unitAmount: '10', flatAmount: null },
          { upTo: null, unitAmount: '0.02', flatAmount: '500' },
        ],
        confirmedProduction: false,
      },
    ]);
    expect(await screen.findByRole('row', { name: /^Calls/ })).toHaveTextContent('2 tiers');
  });

  it('says in each tier what is wrong with it, and nothing is sent', async () => {
    const { user, bridge, form } = await openForm();
    await user.type(form.getByLabelText('Name'), 'Calls');
    await user.type(form.getByLabelText('Key'), 'calls');
    await user.click(form.getByRole('button', { name: 'Add tier' }));
    await user.click(form.getByRole('button', { name: 'Add tier' }));
    await user.type(form.getByLabelText('Tier 1: up to'), '1000');
    await user.type(form.getByLabelText('Tier 1: per unit'), '1,5');
    await user.type(form.getByLabelText('Tier 2: up to'), '1000');
    await user.type(form.getByLabelText('Tier 2: per unit'), '0.0000000000000001');
    await user.type(form.getByLabelText('Tier 3: per unit'), '0');
    await user.type(form.getByLabelText('Tier 3: fee'), 'much');
    await user.click(form.getByRole('button', { name: 'Make price' }));
    expect(form.getByLabelText('Tier 1: per unit')).toHaveAccessibleDescription(/decimal point/);
    expect(form.getByLabelText('Tier 2: up to')).toHaveAccessibleDescription(
      'It must be above 1,000, where the tier before ends.',
    );
    expect(form.getByLabelText('Tier 2: per unit')).toHaveAccessibleDescription(
      'USD has at most 14 decimals here.',
    );
    expect(form.getByLabelText('Tier 3: fee')).toHaveAccessibleDescription(/decimal point/);
    expect(form.getByLabelText('Tier 3: per unit')).not.toHaveAccessibleDescription();
    expect(bridge.callsOf('metering.createPrice')).toEqual([]);
  });

  it('loses a tier that is removed: the one before becomes the last', async () => {
    const { user, form } = await openForm();
    await user.type(form.getByLabelText('Tier 1: per unit'), '0.1');
    await user.click(form.getByRole('button', { name: 'Add tier' }));
    await user.type(form.getByLabelText('Tier 1: up to'), '50');
    await user.type(form.getByLabelText('Tier 2: per unit'), '0.05');
    await user.click(form.getByRole('button', { name: 'Remove tier 1' }));
    expect(form.getByLabelText('Tier 1: per unit')).toHaveValue('0.05');
    expect(form.queryByLabelText('Tier 1: up to')).toBeNull();
    expect(form.getByText('= 1 and beyond: $0.05 each')).toBeVisible();
    expect(form.queryByRole('button', { name: /^Remove tier/ })).toBeNull();
    // The button that was pressed is gone.
    expect(form.getByLabelText('Tier 1: per unit')).toHaveFocus();
  });

  it('shows at its tier what main has against it', async () => {
    const { user, form } = await openForm({
      handlers: {
        'metering.createPrice': async () => {
          throw new AppError('invalid_argument', 'A value is out of range.', {
            fields: { 'tiers.0.unitAmount': 'is more than Stripe takes', id: 'is taken' },
          });
        },
      },
    });
    await user.type(form.getByLabelText('Name'), 'Calls');
    await user.type(form.getByLabelText('Key'), 'calls');
    await user.type(form.getByLabelText('Tier 1: per unit'), '1');
    await user.click(form.getByRole('button', { name: 'Make price' }));
    await waitFor(() =>
      expect(form.getByLabelText('Tier 1: per unit')).toHaveAccessibleDescription(
        'is more than Stripe takes',
      ),
    );
    expect(form.getByLabelText('Key')).toHaveAccessibleDescription(/is taken/);
  });
});

describe('a metered feature', () => {
  it('is bound to a meter that sums, for one plan', async () => {
    const { user, bridge } = open({
      handlers: {
        'metering.bindFeature': async ({ feature, planTier, eventName, mode }) =>
          aMeteringCatalog({
            featureMeters: [{ feature, planTier, eventName, mode: mode ?? 'both' }],
          }),
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Meter a feature' }));
    const form = await dialog('Meter a feature');
    await user.click(form.getByRole('button', { name: 'Meter the feature' }));
    expect(form.getByRole('combobox', { name: 'Feature' })).toHaveAccessibleDescription(
      'Choose a feature.',
    );
    await user.click(form.getByRole('combobox', { name: 'Feature' }));
    await user.click(await form.findByRole('option', { name: 'render' }));
    await user.click(form.getByRole('combobox', { name: 'Plan' }));
    await user.click(await form.findByRole('option', { name: 'Pro' }));
    await user.click(form.getByRole('button', { name: 'Meter the feature' }));
    await noDialog();
    expect(bridge.callsOf('metering.bindFeature')).toEqual([
      {
        feature: 'render',
        planTier: 'pro',
        eventName: 'api_calls',
        mode: 'report',
        confirmedProduction: false,
      },
    ]);
    expect(await screen.findByRole('row', { name: /^render/ })).toHaveTextContent(
      /pro.*api_calls.*Report instead of deducting credits/,
    );
  });

  it('is taken away after a question', async () => {
    const { user, bridge } = open({
      handlers: { 'metering.bindFeature': async () => aMeteringCatalog({ featureMeters: [] }) },
    });
    const features = await table('Metered features');
    expect(features.getByRole('row', { name: /^ai_analysis/ })).toHaveTextContent(
      /Every plan.*Report and deduct/,
    );
    await user.click(features.getByRole('button', { name: 'Remove ai_analysis, Every plan' }));
    const question = await dialog('Stop metering ai_analysis?');
    await user.click(question.getByRole('button', { name: 'Remove' }));
    expect(await screen.findByText(/No feature is metered/)).toBeVisible();
    expect(bridge.callsOf('metering.bindFeature')).toMatchObject([
      { feature: 'ai_analysis', planTier: null, eventName: 'api_calls', mode: null },
    ]);
  });
});
