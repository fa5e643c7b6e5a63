import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sparklinePoints } from '#renderer/charts/Sparkline.tsx';
import { CustomerPage } from '#renderer/features/customers/CustomerPage.tsx';
import { FeaturesPage } from '#renderer/features/feature-costs/FeaturesPage.tsx';
import { SimulateUse } from '#renderer/features/feature-costs/feature-costs.tsx';
import { AppError } from '#shared/errors.ts';
import type { CustomerId } from '#shared/ids.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import { aReport, aSession, type FakeHandlers } from '#test/support/fake-bridge.ts';
import {
  aFeature,
  aFeatureCost,
  aSimulation,
  type FeatureData,
} from '#test/support/feature-rows.ts';
import { currentPath, render, WithForms } from '#test/support/render.tsx';
import { aCustomer } from '#test/support/sample-rows.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-22T08:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const NEXT = '2026-12-01T00:00:00.000Z';
const scheduled = aFeatureCost({
  cost: 12,
  validFrom: NEXT,
  changedBy: 'ann',
  changedAt: '2026-11-20T08:00:00.000Z',
});
const features: FeatureData[] = [
  aFeature({ scheduled: [scheduled], meters: ['exports'] }),
  aFeature({
    feature: 'old_search',
    current: aFeatureCost({ feature: 'old_search', active: false }),
    used: 20,
    usedBefore: 50,
  }),
  aFeature({ feature: 'free_text', current: null, used: 0, usedBefore: 0, trend: [0, 0] }),
];

function open(
  options: {
    rows?: FeatureData[];
    handlers?: FakeHandlers;
    abilities?: readonly Ability[];
    production?: boolean;
    path?: string;
  } = {},
) {
  return render(<FeaturesPage />, {
    path: options.path ?? '/features?range=7d',
    session: {
      ...(options.abilities !== undefined && {
        database: { status: 'ready', report: aReport({ abilities: [...options.abilities] }) },
      }),
      ...(options.production && {
        connection: { ...aSession().connection, name: 'Acme', environment: 'production' },
      }),
    },
    handlers: {
      'features.list': async () => ({ rows: options.rows ?? features }),
      'features.history': async ({ feature }) => ({
        rows: feature === 'export_report' ? [scheduled, aFeatureCost()] : [],
      }),
      'features.setCost': async ({ feature, cost, unit, active, validFrom }) => ({
        ...aFeatureCost({ feature, cost: cost ?? 10, unit: unit ?? 'use', active, validFrom }),
        changedBy: 'ada',
      }),
      ...options.handlers,
    },
  });
}

const row = (name: RegExp) => screen.findByRole('row', { name });
const drawer = async (name: string) => within(await screen.findByRole('dialog', { name }));

/** The z-index of a dialog. */
function heightOf(name: string): number {
  const frame = screen
    .getByRole('dialog', { name })
    .closest<HTMLElement>('[style*="--mb-z-index"]');
  return Number(frame?.style.getPropertyValue('--mb-z-index'));
}

async function openFeature(user: ReturnType<typeof open>['user'], name = 'export_report') {
  await user.click(await row(new RegExp(`^${name}`)));
  return drawer(name);
}

describe('the features page', () => {
  it('shows what each feature costs, its state, its use against the days before, and its meters', async () => {
    const { bridge } = open();
    expect(await row(/^export_report/)).toHaveTextContent(
      /10 credits per use.*Active.*12 credits from 1 Dec 2026.*600.*\+150.*exports/,
    );
    expect(await row(/^old_search/)).toHaveTextContent(/Inactive.*20.*−30/);
    expect(await row(/^free_text/)).toHaveTextContent(/None.*No price/);
    expect(screen.getByRole('columnheader', { name: 'Next price' })).toBeVisible();
    expect(screen.getByRole('columnheader', { name: 'Meters' })).toBeVisible();
    expect(bridge.callsOf('features.list')).toEqual([
      { from: '2026-11-16', to: '2026-11-22', timeZone: 'UTC' },
    ]);
    expect(
      within(await row(/^export_report/)).getByRole('img', {
        name: 'Credits used by day: 600 in all, most on 19 Nov 2026 with 300',
      }),
    ).toBeVisible();
    expect(within(await row(/^free_text/)).getByRole('img')).toHaveAccessibleName(
      'No credits used',
    );
  });

  it('leaves out the columns of prices to come and of meters where no feature has one', async () => {
    open({ rows: [aFeature()] });
    await row(/^export_report/);
    expect(screen.getByRole('columnheader', { name: 'By day' })).toBeVisible();
    expect(screen.queryByRole('columnheader', { name: /Next price|Meters/ })).toBeNull();
  });

  it('goes to other days, which then stand in the address, and refuses more than a year', async () => {
    const { user } = open();
    await row(/^export_report/);
    await user.click(screen.getByRole('button', { name: /Time range/ }));
    await user.click(screen.getByRole('button', { name: 'Last 30 days' }));
    expect(currentPath()).toBe('/features?range=30d');
    // A longer range in the address is not asked for.
    open({ path: '/features?from=2024-01-01&to=2026-01-01' });
    expect((await screen.findAllByRole('button', { name: /Last 30 days/ }))[0]).toBeVisible();
  });

  it('is sorted by what a head says', async () => {
    const { user } = open();
    await row(/^export_report/);
    const names = () => screen.getAllByRole('rowheader').map(({ textContent }) => textContent);
    expect(names()).toEqual(['export_report', 'old_search', 'free_text']);
    await user.click(screen.getByRole('button', { name: 'Feature' }));
    expect(names()).toEqual(['export_report', 'free_text', 'old_search']);
  });

  it('is searched once it is long, also by the key for it', async () => {
    const { user } = open({
      rows: Array.from({ length: 9 }, (_, index) => aFeature({ feature: `feature_${index}` })),
    });
    await row(/^feature_0/);
    await user.keyboard('/');
    const field = screen.getByRole('searchbox', { name: 'Search features' });
    expect(field).toHaveFocus();
    await user.keyboard('RE_7');
    expect(screen.getAllByRole('rowheader')).toHaveLength(1);
    expect(screen.getByRole('status', { name: '1 feature' })).toBeVisible();
    await user.keyboard('x');
    expect(screen.getByText('No feature matches “RE_7x”.')).toBeVisible();
    await user.keyboard('{Escape}');
    expect(screen.getAllByRole('rowheader')).toHaveLength(9);
  });

  it('says that there is nothing, and that it could not be read', async () => {
    open({ rows: [] });
    expect(
      await screen.findByText('No feature has a price, and none was used in these days.'),
    ).toBeVisible();
    open({
      handlers: {
        'features.list': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('The database does not answer.');
  });

  it('only shows to whoever may not change prices', async () => {
    const { user } = open({ abilities: ['export'] });
    const details = await openFeature(user);
    expect(await details.findByText('To come')).toBeVisible();
    expect(screen.queryByRole('button', { name: /New feature/ })).toBeNull();
    expect(
      details.queryByRole('button', { name: /price|Activate|Deactivate|Withdraw/ }),
    ).toBeNull();
  });
});

describe('a feature', () => {
  it('has its price history, with who set what from when', async () => {
    const { user } = open();
    const details = await openFeature(user);
    const [first, second] = await details.findAllByRole('listitem');
    expect(first).toHaveTextContent(
      /12 credits per use.*To come.*from 1 Dec 2026, 00:00 UTC.*Set by ann, 2 days ago/,
    );
    expect(second).toHaveTextContent(
      /10 credits per use.*Now.*from the beginning.*The ledger began with it/,
    );
    expect(details.getByText('12 credits per use from 1 Dec 2026, 00:00 UTC')).toBeVisible();
    expect(details.getByRole('link', { name: /transaction log/ })).toHaveAttribute(
      'href',
      '#/transactions?types=usage&feature=export_report&range=7d',
    );
  });

  it('loses a price to come once that is confirmed', async () => {
    const { user, bridge } = open({ handlers: { 'features.withdrawCost': async () => ({}) } });
    const details = await openFeature(user);
    await user.click(await details.findByRole('button', { name: /Withdraw the price from 1 Dec/ }));
    const question = await drawer('Withdraw this price?');
    expect(question.getByRole('button', { name: 'Cancel' })).toHaveFocus();
    expect(question.getByText(/will not change to 12 credits per use/)).toBeVisible();
    await user.click(question.getByRole('button', { name: 'Withdraw price' }));
    await waitFor(() =>
      expect(bridge.callsOf('features.withdrawCost')).toEqual([
        { feature: 'export_report', validFrom: NEXT, confirmedProduction: false },
      ]),
    );
    await waitFor(() => expect(bridge.callsOf('features.history')).toHaveLength(2));
    // Its button goes with the price.
    expect(details.getByRole('button', { name: 'Change price' })).toHaveFocus();
  });

  it('is deactivated once that is confirmed, which says that a price to come activates it again', async () => {
    const { user, bridge } = open();
    const details = await openFeature(user);
    await user.click(details.getByRole('button', { name: 'Deactivate' }));
    const question = await drawer('Deactivate export_report?');
    expect(question.getByText(/each use of it is refused.*makes it active again/)).toBeVisible();
    await user.click(question.getByRole('button', { name: 'Deactivate' }));
    await waitFor(() =>
      expect(bridge.callsOf('features.setCost')).toEqual([
        {
          isNew: false,
          feature: 'export_report',
          // Whatever they are by now.
          cost: null,
          unit: null,
          active: false,
          validFrom: null,
          confirmedProduction: false,
        },
      ]),
    );
    await waitFor(() => expect(details.getByRole('button', { name: 'Deactivate' })).toHaveFocus());
  });

  it('asks above its drawer, and main’s own knowledge of production counts', async () => {
    const { user, bridge } = open({
      handlers: {
        'features.withdrawCost': async ({ confirmedProduction }) => {
          if (!confirmedProduction) throw new AppError('confirmation_required', 'Confirm it.');
          return {};
        },
      },
    });
    const details = await openFeature(user);
    await user.click(await details.findByRole('button', { name: /Withdraw the price from 1 Dec/ }));
    const question = await drawer('Withdraw this price?');
    // Both lie at the end of the document; only their heights tell which one can be pressed.
    expect(heightOf('Withdraw this price?')).toBeGreaterThan(heightOf('export_report'));
    await user.click(question.getByRole('button', { name: 'Withdraw price' }));
    await user.click(await screen.findByRole('button', { name: /^Withdraw price on / }));
    await waitFor(() =>
      expect(
        bridge.callsOf('features.withdrawCost').map((each) => each.confirmedProduction),
      ).toEqual([false, true]),
    );
  });

  it('does not show what failed of another one', async () => {
    const { user } = open({
      handlers: {
        'features.setCost': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    const details = await openFeature(user, 'old_search');
    await user.click(details.getByRole('button', { name: 'Activate' }));
    expect(await details.findByRole('alert')).toHaveTextContent('does not answer');
    await user.click(details.getByRole('button', { name: 'Close' }));
    const other = await openFeature(user);
    expect(other.queryByRole('alert')).toBeNull();
  });

  it('is activated without a question, but not on production', async () => {
    const { user, bridge, unmount } = open();
    const details = await openFeature(user, 'old_search');
    await user.click(details.getByRole('button', { name: 'Activate' }));
    await waitFor(() =>
      expect(bridge.callsOf('features.setCost')).toMatchObject([{ active: true }]),
    );
    unmount();
    const production = open({ production: true });
    const same = await openFeature(production.user, 'old_search');
    await production.user.click(same.getByRole('button', { name: 'Activate' }));
    const question = await drawer('Activate old_search?');
    expect(question.getByText('PRODUCTION')).toBeVisible();
    await production.user.click(question.getByRole('button', { name: 'Activate on Acme' }));
    await waitFor(() =>
      expect(production.bridge.callsOf('features.setCost')).toMatchObject([
        { active: true, confirmedProduction: true },
      ]),
    );
  });
});

describe('the price form', () => {
  it('says what a new price changes, and sets it from now on', async () => {
    const { user, bridge } = open();
    const details = await openFeature(user);
    await user.click(details.getByRole('button', { name: 'Change price' }));
    const form = await drawer('Change the price of export_report');
    expect(form.getByText(/What was used keeps the price/)).toBeVisible();
    const cost = form.getByRole('textbox', { name: 'Credits' });
    await user.clear(cost);
    await user.type(cost, '7');
    expect(form.getByRole('status')).toHaveTextContent(
      'Each use will cost 7 credits instead of 10. The price set for 1 Dec 2026, 00:00 UTC (12 credits per use) still replaces it then.',
    );
    await user.click(form.getByRole('button', { name: 'Set price' }));
    await waitFor(() =>
      expect(bridge.callsOf('features.setCost')).toEqual([
        {
          isNew: false,
          feature: 'export_report',
          cost: 7,
          unit: 'use',
          active: true,
          validFrom: null,
          confirmedProduction: false,
        },
      ]),
    );
    // The drawer that the form stood in for is there again.
    await drawer('export_report');
  });

  it('sets a price for a later time, compared with the one that holds until then', async () => {
    const { user, bridge } = open();
    const details = await openFeature(user);
    await user.click(details.getByRole('button', { name: 'Change price' }));
    const form = await drawer('Change the price of export_report');
    await user.click(form.getByRole('radio', { name: 'From a later time' }));
    const from = form.getByLabelText('From');
    await user.type(from, '2026-11-21T10:00');
    await user.click(form.getByRole('button', { name: 'Set price' }));
    expect(form.getByText(/Choose a time to come/)).toBeVisible();
    await user.clear(from);
    await user.type(from, '2026-12-24T18:00');
    const cost = form.getByRole('textbox', { name: 'Credits' });
    await user.clear(cost);
    await user.type(cost, '15');
    expect(form.getByRole('status')).toHaveTextContent(
      'From 24 Dec 2026, 18:00 UTC: Each use will cost 15 credits instead of 12.',
    );
    await user.click(form.getByRole('button', { name: 'Set price' }));
    await waitFor(() =>
      expect(bridge.callsOf('features.setCost')).toMatchObject([
        { cost: 15, validFrom: '2026-12-24T18:00:00.000Z' },
      ]),
    );
  });

  it('adds a feature, and shows a name that is taken at its field', async () => {
    const { user, bridge } = open({
      handlers: {
        'features.setCost': async () => {
          throw new AppError('invalid_argument', 'There is a feature x already.', {
            fields: { feature: 'is in use' },
          });
        },
      },
    });
    await row(/^export_report/);
    await user.click(screen.getByRole('button', { name: 'New feature' }));
    const form = await drawer('New feature');
    await user.click(form.getByRole('button', { name: 'Add feature' }));
    expect(form.getByRole('textbox', { name: 'Name' })).toHaveFocus();
    expect(form.getByText('Enter a number of credits.')).toBeVisible();
    await user.type(form.getByRole('textbox', { name: 'Name' }), ' pad ');
    await user.type(form.getByRole('textbox', { name: 'Credits' }), '3');
    await user.clear(form.getByRole('textbox', { name: 'For each' }));
    await user.type(form.getByRole('textbox', { name: 'For each' }), 'page');
    await user.click(form.getByRole('button', { name: 'Add feature' }));
    expect(form.getByText(/must not be empty, or begin or end with a space/)).toBeVisible();
    await user.clear(form.getByRole('textbox', { name: 'Name' }));
    await user.type(form.getByRole('textbox', { name: 'Name' }), 'x');
    expect(form.getByRole('status')).toHaveTextContent('Each page will cost 3 credits.');
    await user.click(form.getByRole('button', { name: 'Add feature' }));
    expect(await form.findByText('is in use')).toBeVisible();
    expect(bridge.callsOf('features.setCost')).toMatchObject([
      { isNew: true, feature: 'x', cost: 3, unit: 'page', active: true, validFrom: null },
    ]);
  });

  it('gives a feature that is used without a price its first one', async () => {
    const { user, bridge } = open();
    const details = await openFeature(user, 'free_text');
    expect(details.getByText('None in the 2 days right before')).toBeVisible();
    expect(await details.findByText('It never had a price.')).toBeVisible();
    await user.click(details.getByRole('button', { name: 'Set a price' }));
    const form = await drawer('Price of free_text');
    await user.type(form.getByRole('textbox', { name: 'Credits' }), '2');
    await user.click(form.getByRole('button', { name: 'Set price' }));
    await waitFor(() =>
      expect(bridge.callsOf('features.setCost')).toMatchObject([
        { isNew: true, feature: 'free_text', cost: 2 },
      ]),
    );
  });

  it('asks production once more', async () => {
    const { user, bridge } = open({ production: true });
    const details = await openFeature(user);
    await user.click(details.getByRole('button', { name: 'Change price' }));
    const form = await drawer('Change the price of export_report');
    expect(form.getByRole('button', { name: 'Set price' })).toBeDisabled();
    await user.click(form.getByRole('checkbox', { name: /Yes, for Acme/ }));
    await user.click(form.getByRole('button', { name: 'Set price' }));
    await waitFor(() =>
      expect(bridge.callsOf('features.setCost')).toMatchObject([{ confirmedProduction: true }]),
    );
  });
});

describe('a simulated use', () => {
  function simulate(answer: FakeHandlers['features.simulate']) {
    return render(
      <SimulateUse customerId={'user_1' as CustomerId} customerName="Ada" onClose={() => {}} />,
      {
        handlers: {
          'features.list': async () => ({ rows: features }),
          ...(answer !== undefined && { 'features.simulate': answer }),
        },
      },
    );
  }
  async function choose(user: ReturnType<typeof simulate>['user'], name = 'export_report') {
    const form = await drawer('Simulate a use');
    await user.click(await form.findByRole('combobox', { name: 'Feature' }));
    await user.click(await screen.findByRole('option', { name: new RegExp(`^${name}`) }));
    return form;
  }

  it('tells what it costs, and which grants would pay, and that nothing changes', async () => {
    const { user, bridge } = simulate(async ({ quantity }) =>
      aSimulation({ required: quantity * 10, availableAfter: 100 - quantity * 10 }),
    );
    const form = await choose(user);
    expect(form.getByText(/nothing is deducted, held or reported/)).toBeVisible();
    const quantity = form.getByRole('textbox', { name: 'Quantity' });
    await user.clear(quantity);
    await user.type(quantity, '3');
    await waitFor(() =>
      expect(form.getByRole('status')).toHaveTextContent(
        'It costs 30 credits: 100 available before, 70 after.',
      ),
    );
    expect(
      within(form.getByRole('table', { name: 'Grants that would pay' })).getByRole('row', {
        name: /Bonus, Welcome/,
      }),
    ).toHaveTextContent(/no expiry.*100.*30/);
    expect(bridge.callsOf('features.simulate').at(-1)).toEqual({
      customerId: 'user_1',
      feature: 'export_report',
      quantity: 3,
    });
    await user.type(quantity, 'x');
    expect(form.getByText(/Use whole units in digits only/)).toBeVisible();
    // What stands there no more is not answered.
    expect(form.queryByRole('table')).toBeNull();
  });

  it('is opened on the customer’s page by whoever may read, and gives the focus back', async () => {
    const { user } = render(<CustomerPage customerId="user_1" />, {
      within: WithForms,
      session: { database: { status: 'ready', report: aReport({ abilities: [] }) } },
      handlers: {
        'customers.get': async () => aCustomer(),
        'features.list': async () => ({ rows: features }),
      },
    });
    await user.click(await screen.findByRole('button', { name: 'More actions' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Simulate a use…' }));
    const form = await drawer('Simulate a use');
    expect(form.getByText(/A dry run for Ada Lovelace/)).toBeVisible();
    await waitFor(() => expect(form.getByRole('combobox', { name: 'Feature' })).toHaveFocus());
    await user.click(form.getByRole('button', { name: 'Close' }));
    await waitFor(() => expect(screen.getByRole('button', { name: 'More actions' })).toHaveFocus());
  });

  it('tells what is missing where it would be refused', async () => {
    const { user } = simulate(async () =>
      aSimulation({
        required: 130,
        sufficient: false,
        missing: 30,
        availableAfter: null,
        balance: { balance: 110, held: 10, available: 100, lifetime: 0, nextExpiry: null },
      }),
    );
    const form = await choose(user);
    await waitFor(() =>
      expect(form.getByRole('status')).toHaveTextContent(
        'It would be refused: 130 credits are needed, 100 are available, 30 are missing.',
      ),
    );
    expect(form.getByRole('table', { name: 'Grants that could pay a part' })).toBeVisible();
    expect(form.getByText(/besides 10 credits held/)).toBeVisible();
  });

  it.each([
    [
      'report' as const,
      { required: 0, availableAfter: 100, grants: [] },
      'Billed through the meter exports: no credits are taken, and 1 unit would be reported to it.',
    ],
    [
      'both' as const,
      { required: 10, availableAfter: 90 },
      'It costs 10 credits: 100 available before, 90 after. Besides, 1 unit would be reported to the meter exports and billed.',
    ],
  ])('tells what a meter does (%s)', async (mode, more, words) => {
    const { user } = simulate(async () => aSimulation({ mode, meter: 'exports', ...more }));
    const form = await choose(user);
    await waitFor(() => expect(form.getByRole('status')).toHaveTextContent(words));
  });

  it('of an inactive feature is refused with the ledger’s words; a failure can be tried again', async () => {
    let isDown = true;
    const { user } = simulate(async ({ feature }) => {
      if (feature === 'old_search') {
        throw new AppError('not_found', 'There is no feature old_search.');
      }
      if (isDown) throw new AppError('database_unavailable', 'The database does not answer.');
      return aSimulation();
    });
    const form = await choose(user, 'old_search \\(inactive\\)');
    await waitFor(() =>
      expect(form.getByRole('status')).toHaveTextContent('There is no feature old_search.'),
    );
    await choose(user);
    expect(await form.findByText(/No answer: The database does not answer/)).toBeVisible();
    isDown = false;
    await user.click(form.getByRole('button', { name: 'Ask again' }));
    expect(await form.findByRole('table', { name: 'Grants that would pay' })).toBeVisible();
  });
});

describe('a sparkline', () => {
  it('goes from edge to edge, with the largest number at the top', () => {
    expect(sparklinePoints([0, 10, 5])).toEqual([
      [0, 22],
      [50, 2],
      [100, 12],
    ]);
    expect(sparklinePoints([0, 0])).toEqual([
      [0, 22],
      [100, 22],
    ]);
    expect(sparklinePoints([4])).toEqual([
      [0, 2],
      [100, 2],
    ]);
  });
});
