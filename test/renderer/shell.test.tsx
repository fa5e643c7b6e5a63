import { act, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { call } from '#renderer/api/client.ts';
import { navigate } from '#renderer/navigation/hash-location.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { AppError } from '#shared/errors.ts';
import { PROCEDURE_NAMES } from '#shared/ipc/names.ts';
import { anApiKey } from '#test/support/api-key-rows.ts';
import { aStripeStatus } from '#test/support/billing-rows.ts';
import {
  aReport,
  aSession,
  type FakeBridge,
  type FakeHandlers,
  type Session,
} from '#test/support/fake-bridge.ts';
import { currentPath, openWindow } from '#test/support/render.tsx';
import { renderApp } from '#test/support/render-app.tsx';

const ADA = {
  id: 'usr_ada',
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  stripeCustomerId: 'cus_1',
  plan: 'pro',
  balance: 1234,
  held: 0,
  lastActivityAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
};
const notFound = async () => {
  throw new AppError('not_found', 'There is no such customer.');
};
const handlers: FakeHandlers = {
  'settings.about': async () => ({
    version: '9.8.7',
    electron: '33.2.1',
    chrome: '130',
    node: '20.18.1',
    postgresql: null,
    platform: 'linux',
    dataFolder: '/data',
    logFile: '/data/log',
    clusterFolder: null,
    runtimeNote: null,
    keyStore: null,
  }),
  'settings.updatePreferences': async (input) => ({
    ...aSession().preferences,
    ...(JSON.parse(JSON.stringify(input)) as object),
  }),
  'customers.list': async ({ filter }) => ({
    rows: 'ada lovelace'.includes((filter.search ?? '').toLowerCase()) ? [ADA as never] : [],
    nextCursor: null,
    total: null,
  }),
  'customers.get': notFound,
  'transactions.list': async () => ({ rows: [], nextCursor: null }),
};

const production: Session['connection'] = {
  ...aSession().connection,
  id: 'team',
  kind: 'url',
  name: 'Acme',
  environment: 'production',
  color: 'red',
  url: 'postgresql://console@db.acme.example/credits',
};
const heading = (name: string | RegExp) => screen.findByRole('heading', { level: 1, name });
const search = () => screen.findByRole('combobox', { name: 'Search everything' });

describe('the frame', () => {
  it('tells connection, environment by word, who acts, and that the data is made up', async () => {
    renderApp({ handlers, session: { connection: production, demoData: true }, path: '/about' });
    await heading('About Credit Console');
    const banner = within(screen.getByRole('banner'));
    expect(banner.getByRole('link', { name: /Acme.*Production/ })).toBeVisible();
    expect(banner.getByText('ada')).toBeVisible();
    expect(banner.getByText('Demo data')).toBeVisible();
    expect(document.title).toBe('About – Acme');
  });

  it('leads from the connection to its settings, and marks the page it is on', async () => {
    const { user } = renderApp({
      handlers: {
        ...handlers,
        'connections.list': async () => ({
          connections: [aSession().connection],
          activeId: 'embedded',
          keyStoreAvailable: true,
        }),
      },
      path: '/about',
    });
    const pages = within(await screen.findByRole('navigation', { name: 'Pages' }));
    expect(pages.getByRole('link', { name: 'About' })).toHaveAttribute('aria-current', 'page');
    await user.click(screen.getByRole('link', { name: /This computer/ }));
    await heading('Database');
    expect(currentPath()).toBe('/settings/database');
    expect(pages.getByRole('link', { name: 'Database' })).toHaveAttribute('aria-current', 'page');
    expect(pages.getByRole('link', { name: 'Settings' })).not.toHaveAttribute('aria-current');
  });

  it('goes back and forward, and offers neither where there is nothing', async () => {
    const { user } = renderApp({ handlers, path: '/about' });
    await heading('About Credit Console');
    expect(screen.getByRole('button', { name: 'Back' })).toBeDisabled();
    await user.click(screen.getByRole('link', { name: 'Settings' }));
    await heading('Settings');
    await user.click(screen.getByRole('button', { name: 'Back' }));
    await heading('About Credit Console');
    expect(screen.getByRole('button', { name: 'Forward' })).toBeEnabled();
  });

  it('moves the focus to the page when another one opens', async () => {
    const { user } = renderApp({ handlers, path: '/about' });
    await heading('About Credit Console');
    await user.keyboard('gs');
    await heading('Settings');
    expect(screen.getByRole('main')).toHaveFocus();
  });

  it('folds the sidebar and keeps that as a preference', async () => {
    let preferences = aSession().preferences;
    const { user, bridge } = renderApp({
      handlers: {
        ...handlers,
        'settings.session': async () => aSession({ preferences }),
        'settings.updatePreferences': async (input) => {
          preferences = { ...preferences, sidebarCollapsed: input.sidebarCollapsed === true };
          return preferences;
        },
      },
      path: '/about',
    });
    await user.click(await screen.findByRole('button', { name: 'Fold the sidebar' }));
    expect(await screen.findByRole('button', { name: 'Unfold the sidebar' })).toBeVisible();
    expect(bridge.callsOf('settings.updatePreferences')).toEqual([{ sidebarCollapsed: true }]);
  });

  it('says so when main does not answer at the start, and tries again', async () => {
    let answers = 0;
    const { user } = renderApp({
      handlers: {
        ...handlers,
        'settings.session': async () => {
          answers += 1;
          if (answers === 1) throw new AppError('internal', 'Something unexpected went wrong.');
          return aSession();
        },
      },
      path: '/about',
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('Something unexpected went wrong.');
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await heading('About Credit Console');
  });
});

describe('the Stripe badge', () => {
  const badge = async (name: RegExp) =>
    within(await screen.findByRole('banner')).findByRole('link', { name });

  it.each([
    ['simulator', /^Stripe simulator$/],
    ['test', /^Stripe Test mode$/],
    ['live', /^Stripe LIVE$/],
  ] as const)('says in words on every page that Stripe is in mode %s', async (mode, words) => {
    renderApp({
      handlers: { ...handlers, 'stripe.status': async () => aStripeStatus({ mode }) },
      path: '/about',
    });
    expect(await badge(words)).toHaveAttribute('href', '#/settings/stripe');
    expect(await badge(words)).toHaveAttribute('data-mode', mode);
  });

  it('tells of events that need a person, and leads to them', async () => {
    const { bridge } = renderApp({
      handlers: { ...handlers, 'stripe.status': async () => aStripeStatus() },
      path: '/about',
    });
    await badge(/^Stripe simulator$/);
    bridge.use({
      'stripe.status': async () => aStripeStatus({ inbox: { waiting: 0, failed: 0, refused: 3 } }),
    });
    act(() => bridge.emit({ type: 'stripe.changed' }));
    expect(await badge(/3 refused/)).toHaveAttribute('href', '#/stripe/events');
  });

  it('tells that the account cannot be used, and leads to the settings', async () => {
    renderApp({
      handlers: {
        ...handlers,
        'stripe.status': async () =>
          aStripeStatus({
            mode: 'test',
            problem: { code: 'stripe_other_account', message: 'It is another account’s.' },
          }),
      },
      path: '/about',
    });
    const link = await badge(/Stripe Test mode.*not usable/);
    expect(link).toHaveAttribute('href', '#/settings/stripe');
    expect(link).toHaveAttribute('title', 'It is another account’s.');
  });

  it('is not there without Stripe, and not asked for without a database', async () => {
    const { bridge, unmount } = renderApp({ handlers, path: '/about' });
    await heading('About Credit Console');
    await waitFor(() => expect(bridge.callsOf('stripe.status')).toHaveLength(1));
    expect(screen.queryByRole('link', { name: /^Stripe (simulator|Test mode|LIVE)/ })).toBeNull();
    unmount();
    const offline = renderApp({
      handlers,
      session: { database: { status: 'connecting' } },
      path: '/about',
    });
    await heading('About Credit Console');
    expect(offline.bridge.callsOf('stripe.status')).toEqual([]);
  });
});

describe('keys and menu', () => {
  it('G then a letter goes to a page; ? shows the sheet', async () => {
    const { user } = renderApp({ handlers, path: '/settings' });
    await heading('Settings');
    await user.keyboard('ga');
    await heading('About Credit Console');
    await user.keyboard('?');
    const sheet = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' });
    expect(within(sheet).getByText('Search everything')).toBeVisible();
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it.each([
    ['gf', 'Features', 'Features'],
    ['gl', 'Alerts', 'Alerts'],
    ['gp', 'Catalog', 'Catalog'],
    ['gy', 'Metering', 'Metering'],
    ['gr', 'Refunds', 'Refunds and disputes'],
    ['ge', 'Stripe events', 'Stripe events'],
    ['gb', 'Reconciliation', 'Reconciliation'],
    ['gj', 'Jobs', 'Jobs'],
    ['gk', 'API keys', 'API keys'],
    ['gm', 'Stripe', 'Stripe'],
    ['gn', 'Notifications', 'Notifications'],
  ])('%s opens the page %s, which the sidebar marks', async (keys, label, title) => {
    const { user } = renderApp({ handlers, path: '/about' });
    await heading('About Credit Console');
    await user.keyboard(keys);
    await heading(title);
    const pages = within(screen.getByRole('navigation', { name: 'Pages' }));
    expect(pages.getByRole('link', { name: label })).toHaveAttribute('aria-current', 'page');
    expect(document.title).toBe(`${label} – This computer`);
  });

  it('the menu navigates and opens, and never goes outside of the window', async () => {
    const { bridge } = renderApp({ handlers, path: '/settings' });
    await heading('Settings');
    act(() => bridge.emit({ type: 'menu', item: 'about' }));
    await heading('About Credit Console');
    act(() => bridge.emit({ type: 'navigate', to: 'https://example.com/' }));
    expect(currentPath()).toBe('/about');
    act(() => bridge.emit({ type: 'navigate', to: '/settings' }));
    await heading('Settings');
    act(() => bridge.emit({ type: 'menu', item: 'search' }));
    expect(await search()).toBeVisible();
  });
});

describe('the search', () => {
  it('finds customers while typing and opens the chosen one with Enter', async () => {
    const { user } = renderApp({ handlers, path: '/about' });
    await heading('About Credit Console');
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await search(), 'ada');
    const option = await screen.findByRole('option', { name: /Ada Lovelace/ });
    expect(option).toHaveAttribute('aria-selected', 'true');
    expect(await search()).toHaveAttribute('aria-activedescendant', option.id);
    await user.keyboard('{Enter}');
    await waitFor(() => expect(currentPath()).toBe('/customers/usr_ada'));
  });

  it('puts the customer of exactly this id first', async () => {
    const { user } = renderApp({
      handlers: {
        ...handlers,
        'customers.get': async ({ customerId }) => ({
          id: customerId,
          name: 'Grace Hopper',
          email: null,
          stripeCustomerId: null,
          plan: null,
          lowBalanceThreshold: null,
          metadata: {},
          createdAt: '2026-01-01T00:00:00.000Z',
          lastActivityAt: null,
          balance: { balance: -5, held: 0, available: -5, lifetime: 0, nextExpiry: null } as never,
          notes: [],
        }),
        'customers.list': async () => ({ rows: [ADA as never], nextCursor: null, total: null }),
      },
      path: '/about',
    });
    await heading('About Credit Console');
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await search(), 'usr/7 & co');
    await screen.findByRole('option', { name: /Grace Hopper/ });
    await screen.findByRole('option', { name: /Ada Lovelace/ });
    expect(screen.getAllByRole('option')[0]).toHaveTextContent('Grace Hopper');
    expect(screen.getAllByRole('option')[0]).toHaveTextContent('\u22125');
  });

  it('walks pages and actions with the arrow keys, around the ends', async () => {
    const { user } = renderApp({ handlers, path: '/about' });
    await heading('About Credit Console');
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await search(), 'settings');
    const option = await screen.findByRole('option', { name: 'Settings' });
    await user.keyboard('{ArrowUp}{ArrowDown}');
    expect(option).toHaveAttribute('aria-selected', 'true');
    await user.keyboard('{Enter}');
    await heading('Settings');
  });

  it('lets Enter wait for the answer to what was typed', async () => {
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { user, bridge } = renderApp({
      handlers: {
        ...handlers,
        'customers.list': async () => {
          await asked;
          return { rows: [ADA as never], nextCursor: null, total: null };
        },
      },
      path: '/about',
    });
    await heading('About Credit Console');
    await user.keyboard('{Control>}k{/Control}');
    // "a" fits pages as well, which are there at once.
    await user.type(await search(), 'a{Enter}');
    await waitFor(() => expect(bridge.callsOf('customers.list')).toHaveLength(1));
    expect(currentPath()).toBe('/about');
    answer();
    await waitFor(() => expect(currentPath()).toBe('/customers/usr_ada'));
  });

  it('says so when nothing is found', async () => {
    const { user } = renderApp({ handlers, path: '/about' });
    await heading('About Credit Console');
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await search(), 'zzz');
    expect(await screen.findByText('Nothing is called “zzz”.')).toBeVisible();
  });

  it('does not ask a database that is not connected', async () => {
    const { user, bridge } = renderApp({
      handlers,
      session: { database: { status: 'connecting' } },
      path: '/about',
    });
    await heading('About Credit Console');
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await search(), 'about');
    expect(await screen.findByRole('option', { name: 'About' })).toBeVisible();
    expect(bridge.callsOf('customers.list')).toEqual([]);
  });
});

describe('without a ready database', () => {
  const failed: Session['database'] = {
    status: 'failed',
    code: 'database_unavailable',
    message: 'The database at db.acme.example does not answer.',
  };

  it('says what is wrong, tries again when asked, and shows the ledger once it works', async () => {
    let session = aSession({ database: failed });
    const { user, bridge } = renderApp({
      handlers: {
        ...handlers,
        'settings.session': async () => session,
        'connections.retry': async () => failed,
      },
      path: '/nowhere',
    });
    expect(await screen.findByRole('alert')).toHaveTextContent('does not answer');
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(bridge.callsOf('connections.retry')).toEqual([{}]));
    expect(screen.getByRole('link', { name: /Open Settings/ })).toHaveAttribute(
      'href',
      '#/settings/database',
    );

    session = aSession();
    act(() => bridge.emit({ type: 'database.changed', database: session.database as never }));
    expect(await screen.findByText('There is no page at this address.')).toBeVisible();
  });

  it('installs the ledger when told to', async () => {
    const { user, bridge } = renderApp({
      handlers: {
        ...handlers,
        'connections.migrate': async () => ({ status: 'ready', report: aReport() }),
      },
      session: { database: { status: 'needs_migration', report: aReport({ schema: 'missing' }) } },
      path: '/nowhere',
    });
    await heading('This computer has no ledger yet');
    expect(bridge.callsOf('connections.migrate')).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Install the ledger' }));
    expect(bridge.callsOf('connections.migrate')).toEqual([{ confirmedProduction: false }]);
  });

  it('asks once more before it changes the ledger of production', async () => {
    const { user, bridge } = renderApp({
      handlers: {
        ...handlers,
        'connections.migrate': async () => ({ status: 'ready', report: aReport() }),
      },
      session: {
        connection: production,
        database: { status: 'needs_migration', report: aReport({ schema: 'outdated' }) },
      },
      path: '/nowhere',
    });
    await heading('The ledger in Acme is older than this console');
    expect(screen.getByRole('button', { name: 'Update the ledger' })).toBeDisabled();
    await user.click(screen.getByRole('checkbox', { name: /This is production/ }));
    await user.click(screen.getByRole('button', { name: 'Update the ledger' }));
    expect(bridge.callsOf('connections.migrate')).toEqual([{ confirmedProduction: true }]);
  });

  it('does not offer it to a role that may not, and says what is missing', async () => {
    renderApp({
      handlers,
      session: {
        database: {
          status: 'needs_migration',
          report: aReport({ schema: 'missing', canMigrate: false, role: 'reader' }),
        },
      },
      path: '/nowhere',
    });
    await heading('This computer has no ledger yet');
    expect(screen.getByText('reader')).toBeVisible();
    expect(screen.getByText(/privilege to create/)).toBeVisible();
    expect(screen.queryByRole('button', { name: /ledger/ })).toBeNull();
  });

  it('does not touch a ledger that is newer', async () => {
    renderApp({
      handlers,
      session: { database: { status: 'needs_migration', report: aReport({ schema: 'newer' }) } },
      path: '/nowhere',
    });
    await heading('The ledger in This computer is newer than this console');
    expect(screen.queryByRole('button', { name: /(Install|Update) the ledger/ })).toBeNull();
  });

  it('says what takes its time at the first start', async () => {
    const { bridge } = renderApp({
      handlers,
      session: { database: { status: 'connecting', step: 'starting_server' } },
      path: '/nowhere',
    });
    await heading('Connecting to This computer');
    expect(screen.getByText(/is starting/)).toBeVisible();
    const filling = { status: 'connecting', step: 'demo_data' } as const;
    bridge.use({ 'settings.session': async () => aSession({ database: filling }) });
    act(() => bridge.emit({ type: 'database.changed', database: filling }));
    expect(await screen.findByText(/Made-up customers/)).toBeVisible();
  });

  it('still opens settings and about', async () => {
    renderApp({ handlers, session: { database: failed }, path: '/about' });
    await heading('About Credit Console');
  });
});

describe('addresses', () => {
  it('carry any customer id through, letter for letter', async () => {
    const ids = ['a/b?c#d&e', '100%', 'a%2Fb', '..', 'ünï cödé 名', 'a+b', '%'];
    for (const id of ids) {
      const asked: string[] = [];
      const { unmount } = renderApp({
        handlers: {
          ...handlers,
          'customers.get': async ({ customerId }) => {
            asked.push(customerId);
            return notFound();
          },
        },
        path: '/about',
      });
      await heading('About Credit Console');
      act(() => navigate(customerPath(id)));
      // The page is loaded when it is first opened, and compiled then too.
      await waitFor(() => expect(asked[0]).toBe(id), { timeout: 30_000 });
      unmount();
    }
  });
});

describe('calls', () => {
  function bridgeWith(more: FakeHandlers): FakeBridge {
    return openWindow({ handlers: more });
  }

  it('become the value of a reply, or an AppError with code, fields and trace id', async () => {
    bridgeWith({
      'customers.plans': async () => ({ plans: ['pro'] }),
      'customers.addNote': async () => {
        throw new AppError('invalid_argument', 'Too long.', { fields: { text: 'is too long' } });
      },
    });
    await expect(call('customers.plans', {})).resolves.toEqual({ plans: ['pro'] });
    await expect(call('customers.addNote', { customerId: 'c', text: 'x' })).rejects.toMatchObject({
      name: 'AppError',
      code: 'invalid_argument',
      fields: { text: 'is too long' },
      traceId: expect.any(String),
    });
  });

  it('that are aborted are cancelled in main and end as cancelled', async () => {
    const bridge = bridgeWith({
      'customers.plans': (_input, { signal }) =>
        new Promise((resolve) => {
          (signal as globalThis.AbortSignal).addEventListener('abort', () =>
            resolve({ plans: [] }),
          );
        }),
    });
    const controller = new AbortController();
    const answer = call('customers.plans', {}, { signal: controller.signal });
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    expect(bridge.cancelled).toHaveLength(1);
  });

  it('exist on the bridge for every name of the contract', () => {
    const bridge = bridgeWith({});
    expect(Object.keys(bridge.call).sort()).toEqual([...PROCEDURE_NAMES].sort());
  });
});

describe('a secret that is shown once', () => {
  it('is not taken away by a notice, the menu or the search', async () => {
    const made = { key: 'cck_onlyNow', apiKey: anApiKey({ name: 'shop' }) };
    const { bridge, user } = renderApp({
      path: '/api-keys',
      handlers: {
        ...handlers,
        'keys.list': async () => ({ rows: [] }),
        'keys.create': async () => made,
      },
    });
    await user.click(await screen.findByRole('button', { name: 'New key' }));
    await user.type(await screen.findByLabelText('Name'), 'shop');
    await user.click(screen.getByRole('button', { name: 'Make key' }));
    const shown = await screen.findByText('cck_onlyNow');
    act(() => {
      bridge.emit({ type: 'navigate', to: '/alerts' });
      bridge.emit({ type: 'menu', item: 'about' });
      bridge.emit({ type: 'menu', item: 'search' });
    });
    await user.keyboard('{Control>}k{/Control}');
    expect(currentPath()).toBe('/api-keys');
    expect(shown).toBeVisible();
    expect(screen.queryByRole('combobox')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'I have stored it' }));
    act(() => bridge.emit({ type: 'navigate', to: '/about' }));
    expect(currentPath()).toBe('/about');
  });
});
