import { expect } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { sendUsage } from '#main/metering/outbox/send-usage.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import { advance } from '#main/stripe-simulator/billing-control.ts';
import type { MeterEventRecord } from '#main/stripe-simulator/world.ts';
import type { MeterEventState, MeterFormula } from '#shared/ipc/metering.ts';
import { createWorkbench, type Workbench } from './stripe-workbench.ts';

export type OutboxEvent = {
  id: string;
  identifier: string;
  value: number;
  reports: number;
  state: MeterEventState;
  attempts: number;
  error: string | null;
  error_code: string | null;
  first_attempt_at: Date | null;
  claimed_by: string | null;
  cancel_reason: string | null;
  cancelled_by: string | null;
  sent_at: Date | null;
};

export type UsageWorld = Awaited<ReturnType<typeof openUsageWorld>>;

/** A workspace with meters `tokens` (sum), `calls` (count) and `seats` (last), here and at a simulator that is the oracle. */
export async function openUsageWorld() {
  const bench: Workbench = await createWorkbench();
  const { simulator } = bench;
  const target: MeteringTarget = {
    ...bench.target,
    actor: 'ann',
    gateway: createStripeGateway({
      key: 'sk_test_usage',
      base: { host: '127.0.0.1', port: simulator.port },
      log: silentLog,
      sleep: async () => undefined,
    }),
  };
  const formulas: Record<string, MeterFormula> = { tokens: 'sum', calls: 'count', seats: 'last' };
  for (const [eventName, formula] of Object.entries(formulas)) {
    const meter = await target.gateway.createMeter(
      { eventName, name: eventName, formula },
      eventName,
    );
    await bench.rows(
      'INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ($1, $1, $2)',
      [eventName, formula],
    );
    await bench.rows(
      'INSERT INTO credits_billing.stripe_meters (account_id, livemode, event_name, meter_id, active) VALUES ($1, false, $2, $3, true)',
      [target.accountId, eventName, meter.id],
    );
  }
  let made = 0;

  const world = {
    ...bench,
    target,
    /** Linked to a customer of the simulator's. */
    async customer(): Promise<string> {
      made += 1;
      const id = `user_${made}`;
      await bench.customer(id);
      const { id: stripeId } = await bench.stripe.customers.create({ name: id });
      await bench.rows('SELECT credits.link_stripe_customer($1, $2)', [id, stripeId]);
      return id;
    },
    /** Reports usage as a service does. `key` is a new one unless given; `at` is now. */
    async report(
      customerId: string,
      eventName: string,
      quantity: number,
      { key, at }: { key?: string; at?: Date } = {},
    ): Promise<void> {
      made += 1;
      await bench.rows('SELECT credits.report_usage($1, $2, $3, $4, $5)', [
        customerId,
        eventName,
        quantity,
        key ?? `key_${made}`,
        at ?? null,
      ]);
    },
    /** One round of a worker, the minute that is not over included. */
    send: (worker = 'worker', through: MeteringTarget = target) =>
      sendUsage(through, worker, { atOnce: true }),
    /** The same workspace, with other answers of Stripe's. */
    through: (gateway: Partial<StripeGateway>): MeteringTarget => ({
      ...target,
      gateway: { ...target.gateway, ...gateway },
    }),
    /** The customer's meter events, in their order. */
    async events(customerId: string, eventName?: string): Promise<OutboxEvent[]> {
      return bench.rows<OutboxEvent>(
        `SELECT id, identifier, value, reports, state, attempts, error, error_code, first_attempt_at, claimed_by, cancel_reason,
           cancelled_by, sent_at
         FROM credits_billing.meter_events WHERE customer_id = $1 AND event_name = coalesce($2, event_name) ORDER BY position`,
        [customerId, eventName ?? null],
      );
    },
    async event(customerId: string): Promise<OutboxEvent> {
      const [event, ...others] = await world.events(customerId);
      if (event === undefined || others.length > 0) throw new Error('there is not one event');
      return event;
    },
    /** Two minutes pass for whoever holds claims, and every waiting time ends. */
    async claimsRunOut(): Promise<void> {
      await bench.rows(`UPDATE credits_billing.meter_events
        SET claimed_until = least(claimed_until, clock_timestamp() - interval '1 second'), next_attempt_at = clock_timestamp()`);
    },
    /** Hours pass: here for what is noted of meter events, at Stripe by its clock. */
    async hoursPass(hours: number): Promise<void> {
      advance(simulator.world, simulator.world.now() + hours * 3_600);
      await bench.rows(
        `UPDATE credits_billing.meter_events SET first_attempt_at = first_attempt_at - make_interval(hours => $1),
           sent_at = sent_at - make_interval(hours => $1), changed_at = changed_at - make_interval(hours => $1)`,
        [hours],
      );
      await world.claimsRunOut();
    },
    /** What Stripe counts of a customer: neither cancelled nor rejected. */
    async counted(customerId: string): Promise<MeterEventRecord[]> {
      const stripeId = await stripeIdOf(customerId);
      return simulator.world.meterEvents.filter(
        (event) => event.customer === stripeId && !event.cancelled && event.error === null,
      );
    },
    /** Nothing billed twice, nothing lost: every identifier once, and by customer and meter the sum of the reports. */
    async expectTruth(): Promise<void> {
      const events = simulator.world.meterEvents.filter(({ error }) => error === null);
      const identifiers = events.map(({ identifier }) => identifier);
      expect(identifiers).toHaveLength(new Set(identifiers).size);
      const billed: Record<string, number> = {};
      for (const { customer, eventName, value, cancelled } of events) {
        if (cancelled) continue;
        const key = `${customer} ${eventName}`;
        billed[key] = (billed[key] ?? 0) + Number(value);
      }
      const truth = await bench.rows<{ key: string; units: number }>(
        `SELECT c.stripe_customer_id || ' ' || r.event_name AS key, sum(r.quantity)::bigint AS units
         FROM credits.usage_reports r JOIN credits.customers c ON c.id = r.customer_id
         LEFT JOIN credits_billing.meter_events e ON e.id = r.meter_event_id
         WHERE e.state IS DISTINCT FROM 'cancelled' GROUP BY 1`,
      );
      expect(billed).toEqual(Object.fromEntries(truth.map(({ key, units }) => [key, units])));
      const open = await bench.rows(
        `SELECT id, state, error FROM credits_billing.meter_events
         WHERE state NOT IN ('sent', 'duplicate', 'cancelled') OR claimed_by IS NOT NULL`,
      );
      expect(open).toEqual([]);
    },
  };
  return world;

  async function stripeIdOf(customerId: string): Promise<string> {
    const [customer] = await bench.rows<{ id: string }>(
      'SELECT stripe_customer_id AS id FROM credits.customers WHERE id = $1',
      [customerId],
    );
    return customer?.id ?? '';
  }
}
