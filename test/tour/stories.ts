import type { ConsoleWindow } from '#test/e2e/support/console-window.ts';
import type { EmbeddedLedger } from '#test/e2e/support/embedded-ledger.ts';
import type { Photographer } from './photographer.ts';

/** What every part of the tour needs. */
export type Tour = {
  consoleWindow: ConsoleWindow;
  photographer: Photographer;
  ledger: EmbeddedLedger;
  /** For files that the tour writes. */
  folder: string;
};

/** Customers of the demo data whose accounts show something. */
export type Stories = {
  /** Several open grants, many debits, notes, and an open hold. */
  busy: { id: string; name: string };
  /** A balance below zero, after a clawback. */
  inDebt: { id: string } | undefined;
  /** Nothing ever happened. */
  silent: { id: string };
};

/** Finds customers that show something, and adds what the demo data do not have. */
export async function arrangeStories(ledger: EmbeddedLedger): Promise<Stories> {
  const [busy] = await ledger.query<{ id: string; name: string }>(
    `SELECT c.id, c.name
       FROM credits.customers c
       JOIN credits.accounts a ON a.customer_id = c.id
       JOIN credits.credit_grants g ON g.customer_id = c.id AND g.remaining > 0 AND g.expires_at > now()
      WHERE c.name IS NOT NULL AND c.stripe_customer_id IS NOT NULL
        AND a.credits_balance - a.credits_held > 1000
      GROUP BY c.id, c.name
      ORDER BY count(*) DESC, count(DISTINCT g.is_paid) DESC, c.id LIMIT 1`,
  );
  if (busy === undefined) throw new Error('The demo data have no customer to show.');
  await ledger.query(
    `SELECT * FROM credits.hold_credits($1, 120, 'Nightly analysis of 5 documents', feature => 'ai_analysis',
       expires_in => '6 hours')`,
    [busy.id],
  );
  for (const text of [
    'Asked on the phone why March was so expensive. Explained the batch of 14 March; no refund wanted.',
    'Contract renews in January. Prefers invoices by e-mail.',
  ]) {
    await ledger.query(`SELECT * FROM credits.add_customer_note($1, $2)`, [busy.id, text]);
  }
  const [inDebt] = await ledger.query<{ id: string }>(
    `SELECT customer_id AS id FROM credits.accounts WHERE credits_balance < 0 ORDER BY 1 LIMIT 1`,
  );
  await ledger.query(
    `SELECT * FROM credits.ensure_customer('usr_silent', email => 'new@example.com', name => 'Nothing Yet')`,
  );
  return { busy, inDebt, silent: { id: 'usr_silent' } };
}
