import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { expect } from 'vitest';
import { syncCatalog } from '#main/catalog/sync-catalog.ts';
import { silentLog } from '#main/logging/log.ts';
import type { CheckoutData } from '#main/stripe/checkouts/list-checkouts.ts';
import { startCheckout } from '#main/stripe/checkouts/start-checkout.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { syncCheckoutSession } from '#main/stripe/sync/sync-checkout-session.ts';
import { payCheckout } from '#main/stripe-simulator/control.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { queryTargetOn } from './query-target.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** A workspace with a database and a Stripe simulator of its own, bound to each other. */
export type StripeShop = {
  database: TestDatabase;
  simulator: Simulator;
  /** As an admin's console has it. */
  target: StripeTarget;
  /** As `target`, for another role. */
  targetFor: (role: 'test_support' | 'test_reader') => StripeTarget;
  customer: () => Promise<string>;
  /** Starts a checkout of a package, as a console does. */
  order: (customerId: string, packageId?: string) => Promise<CheckoutData>;
  /** A package bought and granted; answers with its payment. */
  buy: (customerId: string, packageId?: string) => Promise<string>;
  chargeOf: (paymentIntentId: string) => string;
  use: (customerId: string, credits: number) => Promise<void>;
  balanceOf: (customerId: string) => Promise<{ balance: number; held: number; available: number }>;
  expectRulesHold: (customerId: string) => Promise<void>;
  close: () => Promise<void>;
};

export async function openStripeShop(): Promise<StripeShop> {
  const database = await createTestDatabase();
  const simulator = await startSimulator();
  await database.pool.query(
    `UPDATE credits_billing.stripe_settings
     SET account_id = $1, account_name = 'Simulator', livemode = false, simulated = true, bound_at = now(), bound_by = 'test'`,
    [simulator.world.accountId],
  );
  const pools: pg.Pool[] = [];
  const gateway = createStripeGateway({
    key: 'sk_test_creditconsole',
    base: { host: '127.0.0.1', port: simulator.port },
    log: silentLog,
    sleep: async () => undefined,
  });
  function targetFor(role: 'test_admin' | 'test_support' | 'test_reader'): StripeTarget {
    const query = queryTargetOn(database.urlFor(role));
    pools.push(query.pool);
    return {
      database: query,
      gateway,
      accountId: simulator.world.accountId,
      livemode: false,
      actor: role,
      log: silentLog,
      now: () => new Date(),
    };
  }
  const target = targetFor('test_admin');
  const order = (customerId: string, packageId = 'credits_500') =>
    startCheckout(
      target,
      {
        id: randomUUID(),
        customerId: customerId as never,
        kind: 'credit_purchase',
        itemId: packageId,
      },
      (item) => syncCatalog(target, target.actor, item),
    );
  return {
    database,
    simulator,
    target,
    targetFor,
    async customer() {
      const id = `c-${randomUUID()}`;
      await database.pool.query('SELECT credits.ensure_customer($1)', [id]);
      return id;
    },
    order,
    async buy(customerId, packageId) {
      const { sessionId } = await order(customerId, packageId);
      if (sessionId === null) throw new Error('the checkout has no session');
      const session = payCheckout(simulator.world, sessionId, { method: 'card' });
      await syncCheckoutSession(target, sessionId);
      const intent = session.payment_intent;
      return typeof intent === 'string' ? intent : (intent?.id ?? sessionId);
    },
    chargeOf(paymentIntentId) {
      const { latest_charge: charge } = simulator.world
        .collection('payment_intents')
        .need(paymentIntentId);
      if (!charge) throw new Error(`${paymentIntentId} has no charge`);
      return typeof charge === 'string' ? charge : charge.id;
    },
    async use(customerId, credits) {
      await database.pool.query(`SELECT credits.deduct_credits($1, $2, 'Used')`, [
        customerId,
        credits,
      ]);
    },
    async balanceOf(customerId) {
      const { rows } = await database.pool.query(
        'SELECT balance, held, available FROM credits.get_balance($1)',
        [customerId],
      );
      return rows[0];
    },
    async expectRulesHold(customerId) {
      const { rows } = await database.pool.query('SELECT * FROM credits.check_integrity($1)', [
        customerId,
      ]);
      expect(rows).toEqual([]);
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.end()));
      await simulator.close();
      await database.drop();
    },
  };
}

/** Thrown at the point where the console dies, and at everything it tries after that. */
export class Died extends Error {}

/** Whether work ended because its console died: a commit without an answer says so in its own words. */
export function isDeath(error: unknown): boolean {
  return error instanceof Died || (error instanceof Error && error.cause instanceof Died);
}

/**
 * The same target in a console that dies at its n-th step: a step is a call to Stripe being sent, its answer arriving, a
 * statement being sent to the database, or its answer arriving. From then on nothing gets through, and what was open in the
 * database is rolled back by the server. `steps` tells how many were taken.
 */
export function mortal(
  target: StripeTarget,
  diesAt: number,
): { target: StripeTarget; steps: () => number } {
  let steps = 0;
  const step = () => {
    steps += 1;
    if (steps >= diesAt) throw new Died(`died at step ${diesAt}`);
  };
  const counted =
    <Arguments extends unknown[], Result>(call: (...given: Arguments) => Promise<Result>) =>
    async (...given: Arguments): Promise<Result> => {
      step();
      const result = await call(...given);
      step();
      return result;
    };
  const gateway = new Proxy(target.gateway, {
    get(real, name: keyof StripeGateway) {
      const member = real[name];
      return typeof member === 'function' ? counted(member as () => Promise<unknown>) : member;
    },
  });
  const pool = new Proxy(target.database.pool, {
    get(real, name: keyof pg.Pool) {
      if (name === 'query') return counted(real.query.bind(real) as () => Promise<unknown>);
      if (name === 'connect') {
        return async () => {
          step();
          return clientOf(await real.connect());
        };
      }
      const member = real[name];
      return typeof member === 'function' ? member.bind(real) : member;
    },
  });
  function clientOf(client: pg.PoolClient): pg.PoolClient {
    return new Proxy(client, {
      get(real, name: keyof pg.PoolClient) {
        if (name === 'query') return counted(real.query.bind(real) as () => Promise<unknown>);
        // A dead process closes its connections; the server then rolls back.
        if (name === 'release')
          return (broken?: boolean) => real.release(steps >= diesAt || broken);
        const member = real[name];
        return typeof member === 'function' ? member.bind(real) : member;
      },
    });
  }
  return {
    target: { ...target, gateway, database: { ...target.database, pool } },
    steps: () => steps,
  };
}
