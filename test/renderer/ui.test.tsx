import { act, screen, within } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { errorAdvice, errorWords } from '#renderer/ui/error-advice.ts';
import { FilterChip } from '#renderer/ui/FilterChip.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { useShortcut } from '#renderer/ui/shortcuts.ts';
import { type TimeRange, TimeRangePicker, timeRangeOf } from '#renderer/ui/TimeRangePicker.tsx';
import { type Column, type TableSort, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import { AppError, ERROR_CODES, isErrorCode } from '#shared/errors.ts';
import { render } from '#test/support/render.tsx';

type Row = { id: string; name: string; balance: number };

const COLUMNS: ReadonlyArray<Column<Row>> = [
  {
    id: 'name',
    header: 'Name',
    width: 160,
    grow: 1,
    sortable: true,
    isRowHeader: true,
    cell: (row) => row.name,
    text: (row) => row.name,
  },
  {
    id: 'balance',
    header: 'Balance',
    width: 120,
    align: 'end',
    sortable: true,
    cell: (row) => <CreditAmount value={row.balance} />,
    text: (row) => String(row.balance),
  },
];
const someRows = (count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `row-${index}`,
    name: `Customer ${index}`,
    balance: index * 1000,
  }));

function Table(props: {
  rows: Row[];
  onOpen?: (row: Row) => void;
  onEndReached?: () => void;
  onSortChange?: (sort: TableSort) => void;
  sort?: TableSort;
  selectable?: boolean;
}) {
  const { selectable, ...rest } = props;
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  return (
    <VirtualTable
      label="Customers"
      columns={COLUMNS}
      rowKey={(row) => row.id}
      rowLabel={(row) => row.name}
      rowCount={props.rows.length}
      placeholder={<EmptyState>No customers.</EmptyState>}
      {...rest}
      {...(selectable ? { selection: { keys, onChange: setKeys } } : {})}
    />
  );
}
const bodyRows = () =>
  within(screen.getAllByRole('rowgroup')[1] as HTMLElement).getAllByRole('row');
const focusedRow = () => document.activeElement?.getAttribute('aria-rowindex');

describe('the table', () => {
  it('says how many rows there are and keeps only those in sight in the document', async () => {
    render(<Table rows={someRows(5000)} />);
    const grid = await screen.findByRole('grid', { name: 'Customers' });
    expect(grid).toHaveAttribute('aria-rowcount', '5001');
    expect(bodyRows().length).toBeGreaterThan(10);
    expect(bodyRows().length).toBeLessThan(60);
    expect(bodyRows()[0]).toHaveAttribute('aria-rowindex', '2');
  });

  it('has one row in the tab order, and moves it with the arrow keys, Home and End', async () => {
    const { user } = render(<Table rows={someRows(20)} />);
    await screen.findByRole('grid');
    expect(bodyRows().filter((row) => row.tabIndex === 0)).toHaveLength(1);
    act(() => bodyRows()[0]?.focus());
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(focusedRow()).toBe('4');
    await user.keyboard('{ArrowUp}');
    expect(focusedRow()).toBe('3');
    await user.keyboard('{End}');
    expect(focusedRow()).toBe('21');
    await user.keyboard('{ArrowDown}');
    expect(focusedRow()).toBe('21');
    await user.keyboard('{Home}');
    expect(focusedRow()).toBe('2');
    expect(bodyRows().filter((row) => row.tabIndex === 0)).toHaveLength(1);
  });

  it('opens a row with Enter and with a click', async () => {
    const onOpen = vi.fn();
    const { user } = render(<Table rows={someRows(5)} onOpen={onOpen} />);
    await screen.findByRole('grid');
    act(() => bodyRows()[0]?.focus());
    await user.keyboard('{ArrowDown}{Enter}');
    expect(onOpen).toHaveBeenLastCalledWith(expect.objectContaining({ id: 'row-1' }));
    await user.click(screen.getByText('Customer 3'));
    expect(onOpen).toHaveBeenLastCalledWith(expect.objectContaining({ id: 'row-3' }));
  });

  it('selects with Space, extends with Shift and the arrows, and lets go with Escape', async () => {
    const { user } = render(<Table rows={someRows(5)} selectable />);
    await screen.findByRole('grid');
    const selected = () =>
      bodyRows().filter((row) => row.getAttribute('aria-selected') === 'true').length;
    act(() => bodyRows()[0]?.focus());
    await user.keyboard(' ');
    expect(selected()).toBe(1);
    await user.keyboard('{Shift>}{ArrowDown}{ArrowDown}{/Shift}');
    expect(selected()).toBe(3);
    await user.keyboard('{Escape}');
    expect(selected()).toBe(0);
    await user.click(screen.getByRole('checkbox', { name: 'Select Customer 2' }));
    expect(selected()).toBe(1);
  });

  it('copies the row in focus as tab-separated text without formatting', async () => {
    const { user } = render(<Table rows={someRows(3)} />);
    await screen.findByRole('grid');
    act(() => bodyRows()[2]?.focus());
    await user.keyboard('{Control>}c{/Control}');
    expect(await navigator.clipboard.readText()).toBe('Name\tBalance\nCustomer 2\t2000');
  });

  it('tells its sort, asks for the other way, and begins with the largest number', async () => {
    const onSortChange = vi.fn();
    const { user } = render(
      <Table
        rows={someRows(3)}
        sort={{ column: 'name', descending: false }}
        onSortChange={onSortChange}
      />,
    );
    expect(await screen.findByRole('columnheader', { name: 'Name' })).toHaveAttribute(
      'aria-sort',
      'ascending',
    );
    await user.click(screen.getByRole('button', { name: 'Name' }));
    expect(onSortChange).toHaveBeenLastCalledWith({ column: 'name', descending: true });
    await user.click(screen.getByRole('button', { name: 'Balance' }));
    expect(onSortChange).toHaveBeenLastCalledWith({ column: 'balance', descending: true });
  });

  it('asks for the next page once for each length of the list', async () => {
    const onEndReached = vi.fn();
    const view = render(<Table rows={someRows(10)} onEndReached={onEndReached} />);
    await screen.findByRole('grid');
    expect(onEndReached).toHaveBeenCalledTimes(1);
    view.unmount();
    const far = vi.fn();
    render(<Table rows={someRows(500)} onEndReached={far} />);
    await screen.findByRole('grid');
    expect(far).not.toHaveBeenCalled();
  });

  it('shows its placeholder where there are no rows', async () => {
    render(<Table rows={[]} />);
    expect(await screen.findByText('No customers.')).toBeVisible();
  });
});

describe('an error', () => {
  it('says what happened, that nothing was lost, what to do, and gives the trace id', async () => {
    const onRetry = vi.fn();
    const { user } = render(
      <ErrorState
        error={
          new AppError('database_unavailable', 'The database does not answer.', {
            traceId: 'abc-123',
          })
        }
        onRetry={onRetry}
      />,
    );
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveTextContent('The database does not answer.');
    expect(alert).toHaveTextContent('Nothing was lost.');
    await user.click(screen.getByRole('button', { name: 'Copy Trace id abc-123' }));
    expect(await navigator.clipboard.readText()).toBe('abc-123');
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRetry).toHaveBeenCalledTimes(1);
  });

  it('has advice for every code of the closed list', () => {
    for (const code of Object.keys(ERROR_CODES).filter(isErrorCode)) {
      expect(errorAdvice(code), code).toMatch(/^[A-Z].+\.$/);
    }
  });

  it('parts a message that gives its own advice, and adds none to it', () => {
    expect(
      errorWords(
        new AppError(
          'database_unavailable',
          'Nothing listens at db:1. Nothing was changed. Check host and port.',
        ),
      ),
    ).toEqual({
      what: 'Nothing listens at db:1.',
      advice: 'Nothing was changed. Check host and port.',
    });
    expect(
      errorWords(new AppError('database_unavailable', 'It is busy; nothing was changed. Wait.')),
    ).toEqual({ what: 'It is busy; nothing was changed. Wait.', advice: undefined });
  });

  it('does not promise that nothing happened where that is not known', () => {
    expect(errorAdvice('outcome_unknown')).not.toMatch(/nothing was (lost|changed)/i);
    expect(errorAdvice('outcome_unknown')).toMatch(/never posted twice/);
  });
});

describe('small parts', () => {
  it('an id copies its whole text and says so', async () => {
    const { user } = render(<CopyableId value="cus_42" label="Customer id" truncate />);
    await user.click(await screen.findByRole('button', { name: 'Copy Customer id cus_42' }));
    expect(await navigator.clipboard.readText()).toBe('cus_42');
    expect(screen.getByRole('status')).toHaveTextContent('Customer id copied.');
  });

  it('an amount is read out with its sign in words', async () => {
    render(<CreditAmount value={-1200} signed />);
    expect(await screen.findByText('minus 1,200 credits')).toBeInTheDocument();
    expect(screen.getByText('\u22121,200')).toHaveAttribute('aria-hidden', 'true');
  });

  it('an instant carries the exact time in the zone of the session', async () => {
    render(<InstantText iso="2026-01-01T12:00:00.000Z" />, {
      session: { timeZone: 'Asia/Tokyo' },
    });
    const time = await screen.findByTitle(/^1 Jan 2026, 21:00:00/);
    expect(time).toHaveAttribute('datetime', '2026-01-01T12:00:00.000Z');
  });

  it('a filter names what its cross takes away', async () => {
    const onRemove = vi.fn();
    const { user } = render(<FilterChip label="Type" value="Usage" onRemove={onRemove} />);
    await user.click(await screen.findByRole('button', { name: 'Remove filter Type: Usage' }));
    expect(onRemove).toHaveBeenCalledTimes(1);
  });

  it('a skeleton does not show in the first 150 ms', async () => {
    vi.useFakeTimers();
    try {
      const { container } = render(<LoadingRows count={3} />);
      const bars = () => container.querySelectorAll('[aria-hidden="true"]').length;
      const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
      await pass(5);
      expect(container.querySelector('[aria-busy="true"]')).not.toBeNull();
      await pass(140);
      expect(bars()).toBe(0);
      await pass(10);
      expect(bars()).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('a drawer closes with Escape and gives the focus back', async () => {
    function Opener() {
      const [opened, setOpened] = useState(false);
      return (
        <>
          <button type="button" onClick={() => setOpened(true)}>
            Open
          </button>
          <SideDrawer opened={opened} onClose={() => setOpened(false)} title="Grant credits">
            <input aria-label="Amount" data-autofocus />
          </SideDrawer>
        </>
      );
    }
    const { user } = render(<Opener />);
    await user.click(await screen.findByRole('button', { name: 'Open' }));
    expect(await screen.findByRole('dialog', { name: 'Grant credits' })).toBeVisible();
    await vi.waitFor(() => expect(screen.getByLabelText('Amount')).toHaveFocus());
    await user.keyboard('{Escape}');
    await vi.waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await vi.waitFor(() => expect(screen.getByRole('button', { name: 'Open' })).toHaveFocus());
  });
});

describe('the time range', () => {
  function Picker(props: { onChange: (range: TimeRange) => void }) {
    const [range, setRange] = useState<TimeRange>({
      preset: 'custom',
      from: '2026-03-01',
      to: '2026-03-10',
    });
    return (
      <TimeRangePicker
        value={range}
        timeZone="Europe/Berlin"
        onChange={(next) => {
          setRange(next);
          props.onChange(next);
        }}
      />
    );
  }

  it('offers the presets, says the zone, and takes a preset at once', async () => {
    const onChange = vi.fn();
    const { user } = render(<Picker onChange={onChange} />);
    await user.click(
      await screen.findByRole('button', {
        name: 'Time range: Custom 1 Mar 2026 – 10 Mar 2026',
      }),
    );
    expect(screen.getByText(/Days are cut in Europe\/Berlin/)).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Last month' }));
    expect(onChange).toHaveBeenCalledWith(timeRangeOf('last_month', 'Europe/Berlin'));
    expect(screen.getByRole('button', { name: /^Time range: Last month/ })).toBeVisible();
  });

  it('takes two days of the calendar as a custom range', async () => {
    const onChange = vi.fn();
    const { user } = render(<Picker onChange={onChange} />);
    await user.click(await screen.findByRole('button', { name: /^Time range/ }));
    await user.click(screen.getByRole('button', { name: /^5 March 2026/ }));
    expect(onChange).not.toHaveBeenCalled();
    await user.click(screen.getByRole('button', { name: /^7 March 2026/ }));
    expect(onChange).toHaveBeenCalledWith({
      preset: 'custom',
      from: '2026-03-05',
      to: '2026-03-07',
    });
  });
});

describe('a shortcut', () => {
  function Listener(props: { onSequence: () => void; onKey: () => void }) {
    useShortcut('go-usage', props.onSequence);
    useShortcut('customer-grant', props.onKey);
    return <input aria-label="Field" />;
  }

  it('may be two keys, one after the other, and a letter between breaks it', async () => {
    const onSequence = vi.fn();
    const { user } = render(<Listener onSequence={onSequence} onKey={() => {}} />);
    await screen.findByLabelText('Field');
    await user.keyboard('gu');
    expect(onSequence).toHaveBeenCalledTimes(1);
    await user.keyboard('gxu');
    expect(onSequence).toHaveBeenCalledTimes(1);
  });

  it('is not heard while somebody types', async () => {
    const onKey = vi.fn();
    const { user } = render(<Listener onSequence={() => {}} onKey={onKey} />);
    await user.type(await screen.findByLabelText('Field'), 'c');
    expect(onKey).not.toHaveBeenCalled();
    await user.click(document.body);
    await user.keyboard('c');
    expect(onKey).toHaveBeenCalledTimes(1);
  });

  it('is not heard with Ctrl and Alt together, which types characters on some keyboards', async () => {
    const onKey = vi.fn();
    const { user } = render(<Listener onSequence={() => {}} onKey={onKey} />);
    await screen.findByLabelText('Field');
    await user.keyboard('{Control>}{Alt>}c{/Alt}{/Control}');
    expect(onKey).not.toHaveBeenCalled();
  });
});
