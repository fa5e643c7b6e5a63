import { afterAll, beforeAll } from 'vitest';
import { createWorkbench, type Workbench } from './stripe-workbench.ts';

/** A workbench for the tests of one file, and what they read of its customers. The object stays the same over its tests. */
export function workbenchForFile() {
  const bench = {} as Workbench;
  beforeAll(async () => {
    Object.assign(bench, await createWorkbench());
  });
  afterAll(() => bench.dispose());

  let customers = 0;
  function newCustomer() {
    customers += 1;
    return bench.customer(`user_${customers}`);
  }

  async function log(customerId: string) {
    return bench.rows<{ transaction_type: string; amount: number }>(
      'SELECT transaction_type, amount FROM credits.credit_transactions WHERE customer_id = $1 ORDER BY id',
      [customerId],
    );
  }

  async function payment(customerId: string) {
    const [row] = await bench.rows<Record<string, unknown>>(
      `SELECT stripe_payment_id, account_id, currency, amount_minor, payment_intent_id, session_id, invoice_id
       FROM credits.stripe_payments WHERE customer_id = $1`,
      [customerId],
    );
    return row;
  }

  return Object.assign(bench, { newCustomer, log, payment });
}
