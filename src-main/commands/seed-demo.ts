import { wholeNumber } from './arguments.ts';
import type { Command } from './command.ts';

export const seedDemoCommand: Command = {
  name: 'seed-demo',
  summary: 'Fill an empty ledger with demo data',
  usage: '--customers N --transactions N [--seed S]',
  options: {
    customers: { value: 'N', help: 'how many customers' },
    transactions: { value: 'N', help: 'how many transactions they have together' },
    seed: { value: 'S', help: 'another number gives other data (default 1)' },
  },
  names: { min: 0, max: 0 },
  async run({ options, openLedger, progress, signal, now }) {
    const customers = wholeNumber('customers', options.customers, 1);
    const transactions = wholeNumber('transactions', options.transactions, 0);
    const seed = options.seed === undefined ? 1 : wholeNumber('seed', options.seed, 0);
    const { seedDemo } = await import('#main/seed/seed-demo.ts');
    const { pool } = await openLedger('owner');
    const written = await seedDemo(pool, {
      customers,
      transactions,
      seed,
      now: now(),
      signal,
      onProgress: (done) =>
        progress(`${grouped(done.transactions)} of ${grouped(done.ofTransactions)} transactions`),
    });
    return {
      data: { ...written, seed },
      lines: [
        `Wrote ${grouped(written.customers)} customers and ${grouped(written.transactions)} transactions.`,
      ],
    };
  },
};

function grouped(count: number): string {
  return count.toLocaleString('en');
}
