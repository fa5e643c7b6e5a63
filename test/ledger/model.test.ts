import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { LedgerModel, Refusal } from './ledger-model.ts';

let database: TestDatabase;
let client: pg.Client;
let customers = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.connect();
});
afterAll(() => database.drop());

type Row = Record<string, unknown>;

/** One customer of the database, told what the model is told, by the model's own numbers instead of ids. */
class RealLedger {
  readonly customerId: string;
  readonly #start = Date.now();

  constructor(customerId: string) {
    this.customerId = customerId;
  }

  instant(days: number): string | null {
    return days === Number.POSITIVE_INFINITY
      ? null
      : new Date(this.#start + days * 86_400_000).toISOString();
  }

  async call(name: string, args: Record<string, unknown>): Promise<Row> {
    const names = Object.keys(args).filter((key) => args[key] !== undefined);
    const result = await client.query(
      `SELECT * FROM credits.${name}(${names.map((key, index) => `${key} => $${index + 1}`).join(', ')})`,
      names.map((key) => args[key]),
    );
    return result.rows[0];
  }

  async ids(table: string): Promise<string[]> {
    const { rows } = await client.query(
      `SELECT r.id::text AS id FROM credits.${table} r WHERE r.customer_id = $1 ORDER BY r.id`,
      [this.customerId],
    );
    return rows.map((row) => row.id);
  }

  async state() {
    const [entries, lots, holds, balance, broken] = [
      await client.query(
        'SELECT amount, balance_after, transaction_type FROM credits.credit_transactions WHERE customer_id = $1 ORDER BY id',
        [this.customerId],
      ),
      await client.query(
        'SELECT granted, remaining FROM credits.credit_grants WHERE customer_id = $1 ORDER BY id',
        [this.customerId],
      ),
      await client.query(
        "SELECT amount, state = 'open' AS open FROM credits.credit_holds WHERE customer_id = $1 ORDER BY id",
        [this.customerId],
      ),
      await client.query(
        `SELECT a.credits_balance AS balance, a.credits_held AS held, a.lifetime_credits AS lifetime,
           credits.get_credit_balance($1) AS available
         FROM credits.accounts a WHERE a.customer_id = $1`,
        [this.customerId],
      ),
      await client.query('SELECT rule, detail FROM credits.check_integrity($1)', [this.customerId]),
    ];
    return {
      broken: broken.rows,
      ...balance.rows[0],
      entries: entries.rows.map((row) => [row.transaction_type, row.amount, row.balance_after]),
      lots: lots.rows.map((row) => [row.granted, row.remaining]),
      holds: holds.rows.map((row) => [row.amount, row.open]),
    };
  }
}

function modelState(model: LedgerModel) {
  let balance = 0;
  return {
    broken: [],
    balance: model.balance,
    held: model.held,
    lifetime: model.lifetime,
    available: model.available,
    entries: model.entries.map((entry) => {
      balance += entry.amount;
      return [entry.type, entry.amount, balance];
    }),
    lots: model.lots.map((lot) => [lot.granted, lot.remaining]),
    holds: model.holds.map((hold) => [hold.amount, hold.open]),
  };
}

type Command = {
  name: string;
  applies: (model: LedgerModel) => boolean;
  onModel: (model: LedgerModel) => unknown;
  onReal: (real: RealLedger) => Promise<unknown>;
};

const amounts = fc.integer({ min: 1, max: 60 });
const expiries = fc.constantFrom(-1, 1, 10, 40, Number.POSITIVE_INFINITY);
const payments = fc.constantFrom('pi_1', 'pi_2', 'pi_3');
const index = fc.nat({ max: 1000 });
const maybeAmount = fc.option(amounts, { nil: undefined });

const add = fc
  .record({
    type: fc.constantFrom('purchase', 'subscription_allocation', 'bonus', 'refund', 'adjustment'),
    amount: amounts,
    expires: expiries,
    priority: fc.constantFrom(50, 100),
    payment: payments,
  })
  .map(({ type, amount, expires, priority, payment }): Command => {
    const provisions = type === 'purchase' || type === 'subscription_allocation';
    return {
      name: `add ${type} ${amount} expires ${expires} priority ${priority} ${provisions ? payment : ''}`,
      applies: () => true,
      onModel: (model) =>
        model.add(type, amount, { expires, priority, ...(provisions && { payment }) }),
      onReal: (real) =>
        real.call('add_credits', {
          customer_id: real.customerId,
          amount,
          transaction_type: type,
          description: 'test',
          stripe_payment_id: provisions ? `${real.customerId}-${payment}` : undefined,
          expires_at: real.instant(expires),
          priority,
        }),
    };
  });

const deduct = amounts.map(
  (amount): Command => ({
    name: `deduct ${amount}`,
    applies: () => true,
    onModel: (model) => model.debit('usage', amount),
    onReal: (real) =>
      real.call('deduct_credits', { customer_id: real.customerId, amount, description: 'work' }),
  }),
);

const useFeature = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(undefined, 'Search'))
  .map(
    ([quantity, description]): Command => ({
      name: `use advanced_search × ${quantity} ${description ?? ''}`,
      applies: () => true,
      onModel: (model) => model.debit('usage', 5 * quantity),
      onReal: (real) =>
        real.call('use_feature', {
          customer_id: real.customerId,
          feature: 'advanced_search',
          quantity,
          description,
        }),
    }),
  );

const holdFeature = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean()).map(
  ([quantity, long]): Command => ({
    name: `hold advanced_search × ${quantity} ${long ? 'long' : 'short'}`,
    applies: () => true,
    onModel: (model) => model.hold(5 * quantity, long ? 100 : undefined),
    onReal: (real) =>
      real.call('hold_feature', {
        customer_id: real.customerId,
        feature: 'advanced_search',
        quantity,
        expires_in: long ? '100 days' : undefined,
      }),
  }),
);

const adjust = fc.tuple(amounts, fc.boolean()).map(
  ([amount, down]): Command => ({
    name: `adjust ${down ? -amount : amount}`,
    applies: () => true,
    onModel: (model) =>
      down
        ? model.debit('adjustment', amount)
        : model.add('adjustment', amount, { expires: Number.POSITIVE_INFINITY, priority: 100 }),
    onReal: (real) =>
      real.call('adjust_credits', {
        customer_id: real.customerId,
        amount: down ? -amount : amount,
        description: 'correction',
      }),
  }),
);

const hold = fc.tuple(amounts, fc.constantFrom('short', 'long', 'over')).map(
  ([amount, length]): Command => ({
    name: `hold ${amount} ${length}`,
    applies: () => true,
    onModel: (model) => model.hold(amount, { short: undefined, long: 100, over: 0 }[length]),
    onReal: (real) =>
      real.call('hold_credits', {
        customer_id: real.customerId,
        amount,
        description: 'job',
        expires_in: { short: undefined, long: '100 days', over: '1 microsecond' }[length],
      }),
  }),
);

const capture = fc.tuple(index, maybeAmount).map(
  ([number, amount]): Command => ({
    name: `capture hold ${number} ${amount}`,
    applies: (model) => model.holds.length > 0,
    onModel: (model) => model.capture(number % model.holds.length, amount),
    onReal: async (real) => {
      const ids = await real.ids('credit_holds');
      await real.call('capture_hold', {
        customer_id: real.customerId,
        hold_id: ids[number % ids.length],
        amount,
      });
    },
  }),
);

const release = index.map(
  (number): Command => ({
    name: `release hold ${number}`,
    applies: (model) => model.holds.length > 0,
    onModel: (model) => model.release(number % model.holds.length),
    onReal: async (real) => {
      const ids = await real.ids('credit_holds');
      await real.call('release_hold', {
        customer_id: real.customerId,
        hold_id: ids[number % ids.length],
      });
    },
  }),
);

const reverse = fc.tuple(index, maybeAmount).map(
  ([number, amount]): Command => ({
    name: `reverse ${number} ${amount}`,
    applies: (model) => model.entries.length > 0,
    onModel: (model) => model.reverse(number % model.entries.length, amount),
    onReal: async (real) => {
      const ids = await real.ids('credit_transactions');
      await real.call('reverse_transaction', {
        customer_id: real.customerId,
        transaction_id: ids[number % ids.length],
        reason: 'mistake',
        amount,
      });
    },
  }),
);

let keys = 0;
const clawBack = fc.tuple(payments, amounts, fc.constantFrom('remaining', 'debt')).map(
  ([payment, amount, policy]): Command => ({
    name: `claw back ${amount} of ${payment} under ${policy}`,
    applies: () => true,
    onModel: (model) => model.clawBack(payment, amount, policy as 'remaining' | 'debt'),
    onReal: (real) => {
      keys += 1;
      return real.call('claw_back', {
        customer_id: real.customerId,
        stripe_payment_id: `${real.customerId}-${payment}`,
        amount,
        policy,
        idempotency_key: `clawback-${keys}`,
      });
    },
  }),
);

const extend = fc.tuple(index, fc.constantFrom(-1, 5, 20, 50)).map(
  ([number, expires]): Command => ({
    name: `extend grant ${number} to ${expires}`,
    applies: (model) => model.lots.length > 0,
    onModel: (model) => model.extend(number % model.lots.length, expires),
    onReal: async (real) => {
      const ids = await real.ids('credit_grants');
      await real.call('extend_grant', {
        customer_id: real.customerId,
        grant_id: ids[number % ids.length],
        expires_at: real.instant(expires),
        reason: 'goodwill',
      });
    },
  }),
);

const expire = fc.constantFrom(0, 5, 35, 60).map(
  (asOf): Command => ({
    name: `expire as of ${asOf}`,
    applies: () => true,
    onModel: (model) => model.sweep(asOf),
    onReal: (real) =>
      real.call('expire_credits', { as_of: asOf === 0 ? undefined : real.instant(asOf) }),
  }),
);

const commands = fc
  .array(
    fc.oneof(
      { arbitrary: add, weight: 6 },
      { arbitrary: deduct, weight: 5 },
      { arbitrary: reverse, weight: 5 },
      { arbitrary: hold, weight: 3 },
      { arbitrary: capture, weight: 2 },
      { arbitrary: clawBack, weight: 3 },
      useFeature,
      holdFeature,
      adjust,
      release,
      extend,
      expire,
    ),
    { minLength: 1, maxLength: 24, size: 'max' },
  )
  .map(readable);

/** Lets fast-check print a counterexample as the calls it is. */
function readable(sequence: Command[]): Command[] {
  return Object.assign(sequence, {
    [fc.toStringMethod]: () => sequence.map((command) => command.name).join('; '),
  });
}

/** What the numbers in an error say; ids differ between model and database, and the words of `why` are not compared. */
function comparable(detail: Record<string, unknown>) {
  return Object.fromEntries(
    Object.entries(detail).filter(([, value]) => typeof value === 'number'),
  );
}

async function outcomeOf(act: () => unknown) {
  try {
    await act();
    return 'done';
  } catch (error) {
    if (error instanceof Refusal) {
      const { first: _, ...detail } = error.error.detail;
      return { code: error.error.code, message: error.error.message, detail: comparable(detail) };
    }
    const { code, message, detail } = error as { code?: string; message: string; detail?: string };
    if (!code?.startsWith('CR')) throw error;
    return { code, message, detail: comparable(JSON.parse(detail ?? '{}')) };
  }
}

async function newCustomer(): Promise<RealLedger> {
  customers += 1;
  const real = new RealLedger(`customer-${customers}`);
  await client.query('SELECT * FROM credits.ensure_customer($1)', [real.customerId]);
  return real;
}

describe('any sequence of the ledger’s functions', () => {
  it('does what the model does, refuses what the model refuses, and keeps every rule after each call', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const model = new LedgerModel();
        const real = await newCustomer();
        for (const command of sequence) {
          if (!command.applies(model)) continue;
          const expected = await outcomeOf(() => command.onModel(model));
          const actual = await outcomeOf(() => command.onReal(real));
          seen.add(
            `${command.name.split(' ')[0]} ${typeof actual === 'string' ? actual : actual.message}`,
          );
          expect(actual, command.name).toEqual(expected);
          expect(await real.state(), command.name).toEqual(modelState(model));
        }
      }),
      { numRuns: 120 },
    );
    // The sequences are only worth something when they reach the corners.
    for (const corner of [
      'deduct insufficient_credits',
      'reverse already_spent',
      'reverse already_reversed',
      'reverse invalid_argument',
      'add already_processed',
      'claw already_reversed',
      'capture done',
      'capture hold_closed',
      'extend done',
      'expire done',
    ]) {
      expect(seen, corner).toContain(corner);
    }
  });

  it('ends the same in whatever order the calls of independent customers are mixed', async () => {
    const independent = commands.map((sequence) =>
      readable(sequence.filter((each) => !each.name.startsWith('expire'))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(independent, independent, independent),
        fc.infiniteStream(fc.nat({ max: 2 })),
        async (sequences, turns) => {
          const models = sequences.map(() => new LedgerModel());
          const reals = [await newCustomer(), await newCustomer(), await newCustomer()];
          const waiting = sequences.map((sequence) => [...sequence]);
          while (waiting.some((each) => each.length > 0)) {
            const turn = turns.next().value as number;
            const command = waiting[turn]?.shift();
            const real = reals[turn];
            const model = models[turn];
            if (!command || !real || !model || !command.applies(model)) continue;
            await outcomeOf(() => command.onModel(model));
            await outcomeOf(() => command.onReal(real));
          }
          for (const [number, real] of reals.entries()) {
            expect(await real.state()).toEqual(modelState(models[number] as LedgerModel));
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
