import { fireEvent, screen, within } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { BurnBar } from '#renderer/charts/BurnBar.tsx';
import type { BurnBarGrant } from '#renderer/charts/burn-segments.ts';
import { UsageFigure } from '#renderer/charts/UsageFigure.tsx';
import { toCredits } from '#shared/credits.ts';
import type { GrantId } from '#shared/ids.ts';
import { render } from '#test/support/render.tsx';

const range = { from: '2026-11-18', to: '2026-11-22' };
const rows = [
  { day: '2026-11-18', feature: 'chat', used: 1_200 },
  { day: '2026-11-18', feature: 'images', used: 300 },
  { day: '2026-11-20', feature: 'chat', used: 50 },
  { day: '2026-11-22', feature: 'images', used: 7 },
];

function figure(onOpen?: (day: string, feature: string | null) => void) {
  return <UsageFigure label="Credits used by day" rows={rows} range={range} onOpen={onOpen} />;
}

/** A table as texts: its heading, its rows, and its totals, all as the screen shows them. */
function textsOf(table: HTMLElement): string[][] {
  return within(table)
    .getAllByRole('row')
    .map((row) => [...row.children].map((cell) => cell.textContent ?? ''));
}

describe('the usage chart', () => {
  it('says in words what it draws', async () => {
    render(figure());
    expect(await screen.findByRole('img')).toHaveAccessibleName(
      'Credits used by day, 18 Nov 2026 to 22 Nov 2026. 1,557 credits in 5 days. ' +
        'chat 1,250, images 307. Highest day 18 Nov 2026 with 1,500.',
    );
  });

  it('draws one bar for each number that is not zero', async () => {
    render(figure());
    const drawing = await screen.findByRole('img');
    expect(drawing.querySelectorAll('.recharts-bar')).toHaveLength(2);
    const drawn = [...drawing.querySelectorAll('.recharts-bar-rectangle path')];
    expect(drawn.filter((path) => Number(path.getAttribute('height')) > 0)).toHaveLength(4);
  });

  it('shows the same numbers as a table: every day, newest first, and totals that add up', async () => {
    const { user } = render(figure());
    await user.click(await screen.findByText('Table'));
    expect(screen.queryByRole('img')).not.toBeInTheDocument();
    expect(textsOf(screen.getByRole('table'))).toEqual([
      ['Day', 'chat', 'images', 'All'],
      ['22 Nov 2026', '0', '7', '7'],
      ['21 Nov 2026', '0', '0', '0'],
      ['20 Nov 2026', '50', '0', '50'],
      ['19 Nov 2026', '0', '0', '0'],
      ['18 Nov 2026', '1,200', '300', '1,500'],
      ['Total', '1,250', '307', '1,557'],
    ]);
  });

  it('reads out exact numbers as the arrow keys move over days and features', async () => {
    const { user } = render(figure());
    const cursor = await screen.findByRole('slider', { name: 'Credits used by day: day' });
    const reads = () => cursor.getAttribute('aria-valuetext');
    await user.tab();
    await user.tab();
    expect(cursor).toHaveFocus();
    expect(reads()).toBe('22 Nov 2026: 7 credits. images 7');
    await user.keyboard('{ArrowLeft}');
    expect(reads()).toBe('21 Nov 2026: 0 credits');
    await user.keyboard('{Home}');
    expect(reads()).toBe('18 Nov 2026: 1,500 credits. chat 1,200, images 300');
    await user.keyboard('{ArrowLeft}');
    expect(reads()).toBe('18 Nov 2026: 1,500 credits. chat 1,200, images 300');
    await user.keyboard('{ArrowUp}{ArrowUp}');
    expect(reads()).toBe('18 Nov 2026, images: 300 credits');
    await user.keyboard('{PageDown}');
    expect(reads()).toBe('22 Nov 2026, images: 7 credits');
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(reads()).toBe('22 Nov 2026: 7 credits. images 7');
  });

  it('opens the chosen day, and the chosen feature of it, with Enter', async () => {
    const onOpen = vi.fn();
    render(figure(onOpen));
    const cursor = await screen.findByRole('slider');
    fireEvent.keyDown(cursor, { key: 'Enter' });
    fireEvent.keyDown(cursor, { key: 'Home' });
    fireEvent.keyDown(cursor, { key: 'ArrowUp' });
    fireEvent.keyDown(cursor, { key: 'Enter' });
    expect(onOpen.mock.calls).toEqual([
      ['2026-11-22', null],
      ['2026-11-18', 'chat'],
    ]);
  });

  it('opens what is clicked: the feature of a bar, or the whole day beside it', async () => {
    const onOpen = vi.fn();
    render(figure(onOpen));
    const cursor = await screen.findByRole('slider');
    // Of the 1,200 that everything measures in tests the axis ("1,500") takes 45, so a day is 229 wide; bars are 206 high.
    fireEvent.click(cursor, { clientX: 60, clientY: 200 });
    fireEvent.click(cursor, { clientX: 60, clientY: 20 });
    fireEvent.click(cursor, { clientX: 300, clientY: 200 });
    fireEvent.click(cursor, { clientX: 5, clientY: 200 });
    expect(onOpen.mock.calls).toEqual([
      ['2026-11-18', 'chat'],
      ['2026-11-18', 'images'],
      ['2026-11-19', null],
    ]);
  });

  it('shows the exact numbers under the pointer', async () => {
    render(figure());
    const cursor = await screen.findByRole('slider');
    fireEvent.pointerMove(cursor, { clientX: 60, clientY: 200 });
    expect(screen.getByText('18 Nov 2026').parentElement).toHaveTextContent(
      '18 Nov 2026chat1,200images300All1,500',
    );
    fireEvent.pointerLeave(cursor);
    expect(screen.queryByText('18 Nov 2026')).not.toBeInTheDocument();
  });
});

describe('the burn bar', () => {
  const now = new Date('2026-11-22T08:00:00Z');
  function grant(id: string, remaining: number, more: Partial<BurnBarGrant> = {}): BurnBarGrant {
    return {
      id: id as GrantId,
      source: 'bonus',
      description: 'Welcome',
      remaining: toCredits(remaining),
      isPaid: false,
      expiresAt: null,
      ...more,
    };
  }
  const few = [
    grant('1', 300, { expiresAt: '2026-12-01T00:00:00.000Z' }),
    grant('2', 700, { source: 'purchase', isPaid: true }),
  ];

  function Bar({
    grants,
    onSelect,
  }: {
    grants: BurnBarGrant[];
    onSelect: (id: GrantId | null) => void;
  }) {
    const [selectedId, setSelectedId] = useState<GrantId | null>(null);
    return (
      <BurnBar
        grants={grants}
        timeZone="UTC"
        now={now}
        selectedId={selectedId}
        onSelect={(id) => {
          setSelectedId(id);
          onSelect(id);
        }}
        markedIds={new Set(['2' as GrantId])}
      />
    );
  }

  it('draws open grants in burn order, as wide as what is left of them', async () => {
    render(<Bar grants={few} onSelect={() => {}} />);
    const bar = await screen.findByRole('group', {
      name: 'Open grants in burn order: 1,000 credits in 2 grants',
    });
    const segments = within(bar).getAllByRole('button');
    expect(segments.map((segment) => segment.style.flexGrow)).toEqual(['300', '700']);
    expect(segments[0]).toHaveAccessibleName(/^300 Bonus Exp\. 1 Dec 2026 ?, free$/);
    expect(segments[1]).toHaveAccessibleName(
      /^700 Purchase No expiry ?, paid, paid the chosen debit$/,
    );
  });

  it('is walked with the arrow keys, and chooses and leaves a grant with Enter', async () => {
    const onSelect = vi.fn();
    const { user } = render(<Bar grants={few} onSelect={onSelect} />);
    const [first, second] = await screen.findAllByRole('button');
    await user.tab();
    expect(first).toHaveFocus();
    await user.keyboard('{ArrowRight}');
    expect(second).toHaveFocus();
    await user.keyboard('{Enter}');
    expect(second).toHaveAttribute('aria-pressed', 'true');
    await user.keyboard('{Enter}');
    expect(second).toHaveAttribute('aria-pressed', 'false');
    expect(onSelect.mock.calls).toEqual([['2'], [null]]);
  });

  it('opens the small grants that are drawn as one as a list', async () => {
    const onSelect = vi.fn();
    const grants = [
      grant('1', 9_000),
      ...Array.from({ length: 199 }, (_, n) => grant(`${n + 2}`, 1)),
    ];
    const { user } = render(<Bar grants={grants} onSelect={onSelect} />);
    const segments = await screen.findAllByRole('button');
    expect(segments).toHaveLength(2);
    expect(segments[1]).toHaveAccessibleName(/^199 199 grants No expiry/);
    await user.click(segments[1] as HTMLElement);
    const list = await screen.findByRole('list', { name: '' });
    const items = within(list).getAllByRole('button');
    expect(items).toHaveLength(199);
    await user.click(items[4] as HTMLElement);
    expect(onSelect.mock.calls).toEqual([['6']]);
    expect(segments[1]).toHaveAttribute('aria-pressed', 'true');
  });
});
