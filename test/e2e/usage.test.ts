import { TransactionsPage } from './pages/transactions-page.ts';
import { cellsOf, UsagePage } from './pages/usage-page.ts';
import { expect, test } from './support/ledger-test.ts';

test.use({ workspace: 'demo' });

const ZONE = 'America/New_York';
const shown = (credits: number) => credits.toLocaleString('en');

/** Usage of a range of days of a zone, as the ledger itself has it. */
const USED = `FROM credits.credit_transactions
  WHERE transaction_type = 'usage'
    AND (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3`;

test('the figures are the sums of the ledger, cut in the time zone that is shown', async ({
  consoleWindow,
  ledger,
}) => {
  await consoleWindow.call('settings.updatePreferences', { timeZone: ZONE });
  const usage = new UsagePage(consoleWindow);
  await usage.open();
  await usage.choosePreset('Last month');
  await expect.poll(() => consoleWindow.path()).toBe('/usage?range=last_month');
  await expect(consoleWindow.main.getByText(/Days are cut in America\/New_York/)).toBeVisible();

  const [range] = await ledger.query<{ from: string; to: string }>(
    `SELECT (date_trunc('month', now() AT TIME ZONE $1) - interval '1 month')::date::text AS from,
            (date_trunc('month', now() AT TIME ZONE $1) - interval '1 day')::date::text AS to`,
    [ZONE],
  );
  if (range === undefined) throw new Error('there is always a month before');
  const bounds = [ZONE, range.from, range.to];

  const features = await ledger.query<{ feature: string; used: number; transactions: number }>(
    `SELECT coalesce(feature, '') AS feature, (-sum(amount))::bigint AS used, count(*) AS transactions ${USED}
      GROUP BY 1 ORDER BY 2 DESC, 1`,
    bounds,
  );
  expect(features.length).toBeGreaterThan(5);
  const total = features.reduce((sum, { used }) => sum + used, 0);
  await usage.showTable(usage.byFeature);
  await expect
    .poll(() => cellsOf(usage.byFeature.getByRole('table')))
    .toEqual([
      ['Feature', 'Credits used', 'Transactions'],
      ...features.map(({ feature, used, transactions }) => [
        feature,
        shown(used),
        shown(transactions),
      ]),
      ['Total', shown(total), shown(features.reduce((sum, each) => sum + each.transactions, 0))],
    ]);

  const days = await ledger.query<{ day: string; feature: string; used: number }>(
    `SELECT (created_at AT TIME ZONE $1)::date::text AS day, coalesce(feature, '') AS feature,
            (-sum(amount))::bigint AS used ${USED} GROUP BY 1, 2`,
    bounds,
  );
  await usage.showTable(usage.byDay);
  const byDay = await cellsOf(usage.byDay.getByRole('table'));
  const named = features.slice(0, 5).map(({ feature }) => feature);
  expect(byDay[0]).toEqual(['Day', ...named, 'Other', 'All']);
  const dayCount = new Set(days.map(({ day }) => day)).size;
  expect(dayCount, 'the demo data use credits every day').toBe(byDay.length - 2);
  for (const cells of byDay.slice(1, -1)) {
    const ofDay = days.filter(({ day }) => dayInWords(day) === cells[0]);
    const used = (matches: (feature: string) => boolean) =>
      shown(
        ofDay.filter((each) => matches(each.feature)).reduce((sum, each) => sum + each.used, 0),
      );
    expect(cells.slice(1), cells[0]).toEqual([
      ...named.map((name) => used((feature) => feature === name)),
      used((feature) => !named.includes(feature)),
      used(() => true),
    ]);
  }
  expect(byDay.at(-1)?.at(-1)).toBe(shown(total));

  const types = await ledger.query<{ in: number; out: number; transactions: number }>(
    `SELECT coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint AS in,
            coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS out, count(*) AS transactions
       FROM credits.credit_transactions WHERE (created_at AT TIME ZONE $1)::date BETWEEN $2 AND $3`,
    bounds,
  );
  await usage.showTable(usage.byType);
  const byType = await cellsOf(usage.byType.getByRole('table'));
  const [all] = types;
  expect(byType.at(-1)).toEqual([
    'Total',
    shown(all?.in ?? 0),
    shown(all?.out ?? 0),
    shown((all?.in ?? 0) - (all?.out ?? 0)).replace('-', '−'),
    shown(all?.transactions ?? 0),
  ]);
});

test('a day and a feature of the chart lead to exactly their transactions', async ({
  consoleWindow,
  ledger,
}) => {
  await consoleWindow.call('settings.updatePreferences', { timeZone: ZONE });
  const usage = new UsagePage(consoleWindow);
  await usage.open('range=30d');
  const chart = usage.byDay.getByRole('slider');
  await chart.focus();
  for (const key of ['PageUp', 'PageUp', 'ArrowUp', 'Enter']) {
    await consoleWindow.page.keyboard.press(key);
  }
  await expect.poll(() => consoleWindow.path()).toMatch(/^\/transactions\?/);
  const query = new URLSearchParams(consoleWindow.path().split('?')[1]);
  expect(query.get('types')).toBe('usage');
  const day = query.get('from');
  expect(day).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(query.get('to')).toBe(day);

  const log = new TransactionsPage(consoleWindow);
  const [counted] = await ledger.query<{ count: number }>(
    `SELECT count(*) ${USED} AND feature = $4`,
    [ZONE, day, day, query.get('feature')],
  );
  expect(counted?.count).toBeGreaterThan(0);
  await expect(log.grid).toHaveAttribute('aria-rowcount', String((counted?.count ?? 0) + 1));
  await expect(log.rows.first()).toContainText('Usage');

  await consoleWindow.page.keyboard.press('Alt+ArrowLeft');
  await usage.byDay.getByText('Table', { exact: true }).click();
  await usage.byDay.getByRole('button').first().click();
  await expect.poll(() => consoleWindow.path()).toMatch(/^\/transactions\?types=usage&from=/);
});

/** "22 Nov 2026", as the screens write a day. */
function dayInWords(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', {
    timeZone: 'UTC',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
}
