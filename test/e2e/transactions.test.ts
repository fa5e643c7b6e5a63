import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { TransactionsPage } from './pages/transactions-page.ts';
import { connectToLedger, makeCustomer } from './support/embedded-ledger.ts';
import { expect, test } from './support/ledger-test.ts';

test.describe('the log of the demo data', () => {
  test.use({ workspace: 'demo' });

  test('filters are chips, stand in the address, and come back with it', async ({
    consoleWindow,
    ledger,
  }) => {
    const log = new TransactionsPage(consoleWindow);
    await log.open();
    await log.chooseOption('Type', 'Bonus', 'Refund');
    await expect.poll(() => consoleWindow.path()).toBe('/transactions?types=bonus%2Crefund');
    await log.limitAmount({ atLeast: '1,00' });
    const amountForm = consoleWindow.page.getByRole('dialog', { name: 'Amount' });
    await expect(amountForm.getByText(/Use whole credits in digits only/)).toBeVisible();
    await amountForm.getByLabel('At least').fill('1,00'.replace(',', ''));
    await amountForm.getByRole('button', { name: 'Apply' }).click();
    await expect
      .poll(() => consoleWindow.path())
      .toBe('/transactions?types=bonus%2Crefund&min=100');
    await expect(log.chip('Type', 'Bonus')).toBeVisible();
    await expect(log.chip('Amount', 'at least 100')).toBeVisible();

    const [counted] = await ledger.query<{ count: number }>(
      `SELECT count(*) FROM credits.credit_transactions
        WHERE transaction_type IN ('bonus', 'refund') AND abs(amount) >= 100`,
    );
    expect(counted?.count).toBeGreaterThan(0);
    await expect(log.grid).toHaveAttribute('aria-rowcount', String((counted?.count ?? 0) + 1));

    await log.chip('Type', 'Bonus').click();
    await expect.poll(() => consoleWindow.path()).toBe('/transactions?types=refund&min=100');
    await expect(log.chip('Type', 'Bonus')).toBeHidden();
    // The rows of before stay in sight until the filtered ones are there.
    await expect.poll(async () => [...new Set(await log.column('Type'))]).toEqual(['Refund']);

    await consoleWindow.page.keyboard.press('Alt+ArrowLeft');
    await expect(log.chip('Type', 'Bonus')).toBeVisible();
    await log.chips.getByRole('button', { name: 'Clear all' }).click();
    await expect.poll(() => consoleWindow.path()).toBe('/transactions');
    await expect(log.chips).toBeHidden();

    await log.open('types=usage&feature=ai_analysis&range=7d&min=nonsense');
    await expect(log.chip('Feature', 'ai_analysis')).toBeVisible();
    await expect(log.chip('Time', '')).toBeVisible();
    await expect(log.chips.getByRole('button', { name: /Amount/ })).toBeHidden();
  });

  test('scrolling brings every older row, each once and in order', async ({
    consoleWindow,
    ledger,
  }) => {
    const log = new TransactionsPage(consoleWindow);
    await log.open('types=purchase');
    const order = await ledger.query<{ amount: number; name: string }>(
      `SELECT t.amount, coalesce(c.name, c.email) AS name FROM credits.credit_transactions t
         JOIN credits.customers c ON c.id = t.customer_id
        WHERE t.transaction_type = 'purchase' ORDER BY t.created_at DESC, t.id DESC`,
    );
    expect(order.length).toBeGreaterThan(250);
    await expect(log.rows.first()).toBeVisible();
    await log.rows.first().focus();
    // A page has 100 rows: End goes to the last that is known, which brings the next page.
    await expect(async () => {
      await consoleWindow.page.keyboard.press('End');
      const last = log.grid.locator(`[data-row="${order.length - 1}"]`);
      await expect(last).toBeFocused({ timeout: 500 });
    }).toPass();
    for (let page = 0; page < 3; page += 1) {
      const inSight = await log.rows.evaluateAll((rows) =>
        rows.map((row) => ({
          index: Number(row.getAttribute('data-row')),
          text: (row as HTMLElement).innerText,
        })),
      );
      expect(inSight.length).toBeGreaterThan(15);
      for (const { index, text } of inSight) {
        expect(text, `row ${index}`).toContain(`+${order[index]?.amount.toLocaleString('en')}`);
        expect(text, `row ${index}`).toContain(order[index]?.name ?? 'no such row');
      }
      await consoleWindow.page.keyboard.press('PageUp');
    }
    await expect(log.grid).toHaveAttribute('aria-rowcount', String(order.length + 1));
  });

  test('selected rows show their sum, and details lead from a reversal to what it reversed', async ({
    consoleWindow,
    ledger,
  }) => {
    const { main } = consoleWindow;
    const log = new TransactionsPage(consoleWindow);
    await log.open('types=usage');
    const newest = await ledger.query<{ amount: number }>(
      `SELECT amount FROM credits.credit_transactions WHERE transaction_type = 'usage'
        ORDER BY created_at DESC, id DESC LIMIT 3`,
    );
    const sum = newest.reduce((total, { amount }) => total + amount, 0);
    await log.rows.first().focus();
    for (const key of ['Space', 'Shift+ArrowDown', 'Shift+ArrowDown'])
      await consoleWindow.page.keyboard.press(key);
    const bar = main.getByRole('region', { name: 'Selected transactions' });
    await expect(bar.getByRole('status')).toHaveText(
      `3 transactions selected, sum −${Math.abs(sum).toLocaleString('en')}`,
    );
    await consoleWindow.page.keyboard.press('Escape');
    await expect(bar).toBeHidden();

    await log.open('types=reversal');
    await expect(log.rows.first()).toContainText('Reversal');
    await log.rows.first().focus();
    await consoleWindow.page.keyboard.press('Enter');
    await log.details.getByRole('button', { name: /^Show transaction / }).click();
    await expect(log.details.getByText('Reversed by 1 transaction')).toBeVisible();
    await consoleWindow.page.keyboard.press('Escape');
    await expect(log.details).toBeHidden();
  });
});

test.describe('the export', () => {
  test.use({ workspace: 'empty' });

  let folder = '';
  test.beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credit-console-export-'));
  });
  test.afterEach(() => rm(folder, { recursive: true, force: true }));

  test('writes the rows of the filter, with nothing that a spreadsheet would run', async ({
    consoleWindow,
    ledger,
  }) => {
    await makeCustomer(ledger, {
      id: 'usr_csv',
      name: '=HYPERLINK("http://evil.example";"Click")',
      purchased: 1_000,
    });
    const texts = [
      '+1+cmd|calc',
      '-2+3',
      '@SUM(A1:A9)',
      '=1+1',
      'a "quoted", text\nof two lines',
      'ＳＵＭ',
    ];
    for (const text of texts) {
      await ledger.query(`SELECT * FROM credits.deduct_credits('usr_csv', 10, $1)`, [text]);
    }
    await ledger.query(`SELECT * FROM credits.add_credits('usr_csv', 5, 'bonus', 'Left out')`);

    const log = new TransactionsPage(consoleWindow);
    await log.open('types=purchase,usage');
    await expect(log.rows).toHaveCount(1 + texts.length);
    const file = join(folder, 'log.csv');
    await consoleWindow.answerSaveDialog(file);
    await log.exportButton.click();
    await expect(consoleWindow.main.getByText(`Exported 7 rows to ${file}`)).toBeVisible();

    const written = await readFile(file, 'utf8');
    expect(written.startsWith('\uFEFFCreated (UTC),')).toBe(true);
    const rows: Record<string, string>[] = parse(written, { bom: true, columns: true });
    expect(rows.map((row) => row.Description).reverse()).toEqual([
      'Credit pack',
      `'+1+cmd|calc`,
      `'-2+3`,
      `'@SUM(A1:A9)`,
      `'=1+1`,
      'a "quoted", text\nof two lines',
      'ＳＵＭ',
    ]);
    for (const row of rows) expect(row.Name).toBe(`'=HYPERLINK("http://evil.example";"Click")`);
    // Numbers stay numbers: a minus is no formula.
    expect(rows.map((row) => row.Credits)).toEqual([...texts.map(() => '-10'), '1000']);
    expect(await readdir(folder)).toEqual(['log.csv']);
  });

  test('leaves no file when the dialog is dismissed, nor when it is cancelled on its way', async ({
    consoleWindow,
    ledger,
    dataFolder,
  }) => {
    await makeCustomer(ledger, { id: 'usr_csv', name: 'Export', purchased: 1_000 });
    const { main } = consoleWindow;
    const log = new TransactionsPage(consoleWindow);
    await log.open();
    await expect(log.rows).toHaveCount(1);

    await consoleWindow.answerSaveDialog(undefined);
    await log.exportButton.click();
    await expect(log.exportButton).toBeEnabled();
    await expect(main.getByText(/Export(ed|ing)/)).toBeHidden();
    expect(await readdir(folder)).toEqual([]);

    await consoleWindow.answerSaveDialog(join(folder, 'log.csv'));
    const lock = await connectToLedger(dataFolder, { login: 'superuser' });
    // The export waits here for as long as it takes to cancel it.
    await lock.query('BEGIN');
    await lock.query('LOCK TABLE credits.credit_transactions IN ACCESS EXCLUSIVE MODE');
    await log.exportButton.click();
    await main.getByRole('button', { name: 'Cancel export' }).click();
    await expect(main.getByText(/The export was cancelled/)).toBeVisible();
    await lock.query('ROLLBACK');
    await lock.end();
    expect(await readdir(folder)).toEqual([]);
    await expect(log.exportButton).toBeEnabled();
  });
});
