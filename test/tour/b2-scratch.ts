import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleWindow } from '#test/e2e/support/console-window.ts';
import { connectToLedger } from '#test/e2e/support/embedded-ledger.ts';
import { launchConsole } from '#test/e2e/support/launch-console.ts';
import { Photographer } from './photographer.ts';
const dataFolder = `${await mkdtemp(join(tmpdir(), 'cc-b2-'))}-data`;
const app = await launchConsole({ dataFolder });
try {
  const w = new ConsoleWindow(app, await app.firstWindow());
  const { page } = w;
  page.setDefaultTimeout(6000);
  const p = new Photographer(w, process.argv[2] ?? '/tmp/b2');
  await p.prepare(); await p.look('usual');
  await w.connected();
  const ledger = await connectToLedger(dataFolder, { actor: 'Maya Chen' });
  const step = async (name: string, act: () => Promise<void>) => {
    try { await act(); } catch (e) { console.error('FAILED', name, String(e).slice(0, 600)); await p.takeAsItIs(`${name}-failed`); }
  };
  const focused = () => page.evaluate(() => { const e = document.activeElement; return `${e?.tagName} ${e?.getAttribute('role') ?? ''} ${e?.getAttribute('aria-label') ?? e?.textContent?.slice(0, 60)}`; });
  const top = async (name: string) => page.getByRole('dialog', { name });
  const row = (name: string) => w.main.getByRole('row', { name: new RegExp(`^${name}`) });
  const settle = () => page.waitForTimeout(700);
  const iso = (days: number) => new Date(Date.now() + days * 864e5).toISOString();

  await w.open('/features'); await settle();
  await step('table-plain', async () => { await row('ai_analysis').waitFor(); await settle(); await p.take('table-plain'); });
  await step('drawer-one', async () => { await row('ai_analysis').click(); await settle(); await p.take('drawer-one'); await page.keyboard.press('Escape'); await settle(); console.log('after drawer esc:', await focused()); });
  for (const [cost, days] of [[26, 0], [30, 20], [40, 60]] as const)
    await w.call('features.setCost', { isNew: false, feature: 'ai_analysis', cost: cost as never, unit: 'use', active: true, validFrom: days === 0 ? null : iso(days) as never, confirmedProduction: false });
  await step('table', async () => { await w.open('/features?range=30d'); await settle(); await p.take('table'); });
  await step('drawer', async () => { await row('ai_analysis').click(); await settle(); await p.take('drawer-many'); });
  await step('withdraw', async () => {
    const d = await top('ai_analysis');
    await d.getByRole('button', { name: /Withdraw/ }).first().click(); await settle();
    await p.take('withdraw-question');
    const q = await top('Withdraw this price?');
    await page.keyboard.press('Escape'); await settle(); console.log('esc on question:', await focused(), 'drawer open', await d.isVisible());
    await d.getByRole('button', { name: /Withdraw/ }).first().click();
    await q.getByRole('button', { name: 'Withdraw price' }).click(); await settle();
    console.log('after withdraw:', await focused(), await d.getByRole('button', { name: /Withdraw/ }).count());
    await p.take('after-withdraw');
  });
  await step('deactivate', async () => {
    const d = await top('ai_analysis');
    await d.getByRole('button', { name: 'Deactivate' }).click(); await settle();
    await p.take('deactivate-question');
    await (await top('Deactivate ai_analysis?')).getByRole('button', { name: 'Deactivate' }).click(); await settle();
    console.log('after deactivate:', await focused());
    await p.take('inactive');
    await d.getByRole('button', { name: 'Activate' }).click(); await settle();
    console.log('after activate:', await focused());
  });
  await step('change', async () => {
    const d = await top('ai_analysis');
    await d.getByRole('button', { name: 'Change price' }).click(); await settle();
    await p.take('change-form');
    const f = await top('Change the price of ai_analysis');
    await f.getByRole('textbox', { name: 'Credits' }).fill('28');
    await f.getByText('From a later time').click(); await settle();
    await p.take('change-later');
    await f.getByRole('button', { name: 'Set price' }).click(); await settle();
    await p.take('change-refused');
    await page.keyboard.press('Escape'); await settle();
    await p.take('discard-question');
    await page.getByRole('button', { name: 'Discard draft' }).click(); await settle();
    console.log('after discard:', await focused());
    await page.keyboard.press('Escape'); await settle();
    console.log('after closing drawer:', await focused());
  });
  await step('new', async () => {
    await w.main.getByRole('button', { name: 'New feature' }).click(); await settle();
    await p.take('new-feature');
    const f = await top('New feature');
    await f.getByRole('textbox', { name: 'Name' }).fill('a b ');
    await f.getByRole('button', { name: 'Add feature' }).click(); await settle();
    await p.take('new-feature-refused');
    await f.getByRole('textbox', { name: 'Name' }).fill('translate_document');
    await f.getByRole('textbox', { name: 'Credits' }).fill('3');
    await f.getByRole('textbox', { name: 'For each' }).fill('page');
    await f.getByRole('button', { name: 'Add feature' }).click(); await settle();
    await p.take('new-feature-made');
    console.log('after new:', await focused());
  });
  await step('unused', async () => { await row('translate_document').click(); await settle(); await p.take('drawer-unused'); await page.keyboard.press('Escape'); });
  const [busy] = await ledger.query<{ id: string }>(`SELECT c.id FROM credits.customers c JOIN credits.accounts a ON a.customer_id = c.id WHERE a.credits_balance - a.credits_held > 1000 AND (SELECT count(*) FROM credits.credit_grants g WHERE g.customer_id = c.id AND g.remaining > 0) > 2 ORDER BY c.id LIMIT 1`);
  if (busy) await step('simulate', async () => {
    await w.open(`/customers/${encodeURIComponent(busy.id)}`); await settle();
    await page.getByRole('button', { name: 'More actions' }).click();
    await p.take('more-actions');
    await page.getByRole('menuitem', { name: /Simulate a use/ }).click(); await settle();
    await p.take('simulate-empty');
    const d = await top('Simulate a use');
    await d.getByRole('combobox', { name: 'Feature' }).click(); await settle();
    await p.take('simulate-options');
    await page.getByRole('option', { name: /^ai_analysis/ }).click(); await settle();
    await d.getByRole('textbox', { name: 'Quantity' }).fill('3'); await settle();
    await p.take('simulate-sufficient');
    await d.getByRole('textbox', { name: 'Quantity' }).fill('2000'); await settle();
    await p.take('simulate-refused');
    await d.getByRole('button', { name: 'Close' }).click(); await settle();
    console.log('after simulate:', await focused());
  });
  await step('small', async () => {
    await p.look('small'); await w.open('/features?range=30d'); await settle(); await p.take('small-table');
    await row('ai_analysis').click(); await settle(); await p.take('small-drawer');
  });
  await step('price drawer', async () => {
    await p.look('usual');
    await w.open('/settings/stripe'); await settle();
    console.log((await w.main.innerText()).slice(0, 400));
  });
  await ledger.end();
  console.log(p.taken.length);
} finally { await app.close(); await rm(dataFolder, { recursive: true, force: true }); }
