import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** What the ledger says of a customer, in credits. */
export type LedgerOf = {
  balance: number;
  held: number;
  /** Credits of each use, oldest first, positive. */
  paid: number[];
  /** States of the holds, oldest first. */
  holds: string[];
};

/** Customers who pay for work with credits, in a database of their own. */
export type PayingCustomers = {
  database: TestDatabase;
  /** A new customer with so many credits. */
  customer: (credits: number) => Promise<string>;
  ledgerOf: (customerId: string) => Promise<LedgerOf>;
  /** Every broken rule of the ledger, over all customers. */
  violations: () => Promise<unknown[]>;
  close: () => Promise<void>;
};

export async function openPayingCustomers(): Promise<PayingCustomers> {
  const database = await createTestDatabase();
  const { pool } = database;
  return {
    database,
    async customer(credits) {
      const id = `user_${randomUUID()}`;
      await pool.query('SELECT id FROM credits.ensure_customer($1)', [id]);
      if (credits > 0) {
        await pool.query(`SELECT id FROM credits.add_credits($1, $2, 'bonus', 'Welcome')`, [
          id,
          credits,
        ]);
      }
      return id;
    },
    async ledgerOf(customerId) {
      const { rows } = await pool.query<LedgerOf>(
        `SELECT a.credits_balance AS balance, a.credits_held AS held,
           coalesce((SELECT json_agg(-t.amount ORDER BY t.id) FROM credits.credit_transactions t
             WHERE t.customer_id = a.customer_id AND t.transaction_type = 'usage'), '[]') AS paid,
           coalesce((SELECT json_agg(h.state ORDER BY h.id) FROM credits.credit_holds h
             WHERE h.customer_id = a.customer_id), '[]') AS holds
         FROM credits.accounts a WHERE a.customer_id = $1`,
        [customerId],
      );
      const [row] = rows;
      if (!row) throw new Error(`There is no customer ${customerId}.`);
      return row;
    },
    async violations() {
      return (await pool.query('SELECT * FROM credits.check_integrity()')).rows;
    },
    close: () => database.drop(),
  };
}
