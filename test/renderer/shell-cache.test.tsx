import { useQuery } from '@tanstack/react-query';
import { act, screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { consoleQuery, useCommand, useConsolePages } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { AppError } from '#shared/errors.ts';
import { aReport, aSession } from '#test/support/fake-bridge.ts';
import { render } from '#test/support/render.tsx';

function Plans() {
  const plans = useQuery(consoleQuery('customers.plans', {}));
  if (plans.isError) return <p>{plans.error.message}</p>;
  return <p>{plans.data === undefined ? 'loading' : plans.data.plans.join()}</p>;
}
function Jobs() {
  useQuery(consoleQuery('jobs.list', {}));
  return null;
}
function Credits(props: { customerId: string }) {
  useQuery(consoleQuery('customers.credits', { customerId: props.customerId }));
  return null;
}

describe('the cache', () => {
  it('reads again what a change of the ledger concerns, and leaves other customers alone', async () => {
    const { bridge } = render(
      <>
        <Plans />
        <Credits customerId="one" />
        <Credits customerId="two" />
      </>,
      { handlers: { 'customers.plans': async () => ({ plans: ['pro'] }) } },
    );
    await screen.findByText('pro');
    act(() => bridge.emit({ type: 'ledger.changed', customerId: 'one' }));
    await waitFor(() => expect(bridge.callsOf('customers.plans')).toHaveLength(2));
    await waitFor(() =>
      expect(bridge.callsOf('customers.credits').map((each) => each.customerId)).toEqual([
        'one',
        'two',
        'one',
      ]),
    );
    expect(bridge.callsOf('settings.session')).toHaveLength(1);
  });

  it('reads all customers again where some changed, and nothing that says nothing of them', async () => {
    const { bridge } = render(
      <>
        <Plans />
        <Jobs />
        <Credits customerId="one" />
        <Credits customerId="two" />
      </>,
      { handlers: { 'customers.plans': async () => ({ plans: ['pro'] }) } },
    );
    await screen.findByText('pro');
    act(() => bridge.emit({ type: 'ledger.changed', customerId: null }));
    await waitFor(() =>
      expect(bridge.callsOf('customers.credits').map((each) => each.customerId)).toEqual([
        'one',
        'two',
        'one',
        'two',
      ]),
    );
    expect(bridge.callsOf('customers.plans')).toHaveLength(2);
    expect(bridge.callsOf('jobs.list')).toHaveLength(1);
    expect(bridge.callsOf('settings.session')).toHaveLength(1);
  });

  it('forgets what was read from one database before it shows the next', async () => {
    const seen: string[] = [];
    let plan = 'of the first';
    let hold = Promise.resolve();
    const { bridge } = render(<Plans />, {
      handlers: {
        'customers.plans': async () => {
          await hold;
          return { plans: [plan] };
        },
      },
    });
    seen.push((await screen.findByText('of the first')).textContent ?? '');
    let answer = () => {};
    hold = new Promise((resolve) => {
      answer = resolve;
    });
    plan = 'of the second';
    act(() =>
      bridge.emit({
        type: 'database.changed',
        database: { status: 'ready', report: aReport() as never },
      }),
    );
    expect(await screen.findByText('loading')).toBeVisible();
    answer();
    expect(await screen.findByText('of the second')).toBeVisible();
  });

  it('does not retry what main has explained', async () => {
    const { bridge } = render(<Plans />, {
      handlers: {
        'customers.plans': async () => {
          throw new AppError('database_unavailable', 'The database does not answer.');
        },
      },
    });
    await screen.findByText('The database does not answer.');
    expect(bridge.callsOf('customers.plans')).toHaveLength(1);
  });

  it('never repeats a command by itself, not even after an unknown failure', async () => {
    function Note() {
      const add = useCommand('customers.addNote');
      return (
        <button type="button" onClick={() => add.mutate({ customerId: 'one', text: 'Hello' })}>
          {add.isError ? add.error.code : 'Add'}
        </button>
      );
    }
    const { bridge, user } = render(<Note />, {
      handlers: {
        'customers.addNote': async () => {
          throw new Error('boom');
        },
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Add' }));
    await screen.findByRole('button', { name: 'internal' });
    expect(bridge.callsOf('customers.addNote')).toHaveLength(1);
  });

  it('walks a keyset-paged list from cursor to cursor until there is none', async () => {
    function Pages() {
      const { pages, loadMore } = useConsolePages('customers.transactions', {
        customerId: 'one',
        limit: 50,
      });
      return (
        <button type="button" onClick={loadMore}>
          {pages.data?.pages.length ?? 0} {pages.hasNextPage ? 'more' : 'end'}
        </button>
      );
    }
    const { bridge, user } = render(<Pages />, {
      handlers: {
        'customers.transactions': async ({ cursor }) => ({
          rows: [],
          nextCursor: cursor === null ? 'second' : null,
        }),
      },
    });
    await user.click(await screen.findByRole('button', { name: '1 more' }));
    await user.click(await screen.findByRole('button', { name: '2 end' }));
    expect(bridge.callsOf('customers.transactions').map((each) => each.cursor)).toEqual([
      null,
      'second',
    ]);
  });
});

describe('abilities', () => {
  function May() {
    return <p>{useAbility('grant') ? 'may grant' : 'may not grant'}</p>;
  }

  it('come from the role, and there are none without a database', async () => {
    const { bridge } = render(<May />);
    await screen.findByText('may grant');
    const reader = aSession({
      database: { status: 'ready', report: aReport({ abilities: ['export'] }) },
    });
    bridge.use({ 'settings.session': async () => reader });
    act(() => bridge.emit({ type: 'session.changed' }));
    await screen.findByText('may not grant');
    bridge.use({ 'settings.session': async () => aSession() });
    act(() => bridge.emit({ type: 'session.changed' }));
    await screen.findByText('may grant');
    const connecting = { status: 'connecting' } as const;
    bridge.use({ 'settings.session': async () => aSession({ database: connecting }) });
    act(() => bridge.emit({ type: 'database.changed', database: connecting }));
    await screen.findByText('may not grant');
  });
});
