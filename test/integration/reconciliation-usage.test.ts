import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finding, listFindings } from '#main/stripe/reconciliation/findings.ts';
import { previewRepair, repairFinding } from '#main/stripe/reconciliation/repair-finding.ts';
import { takeRun } from '#main/stripe/reconciliation/run-lease.ts';
import { continueRun, startRun } from '#main/stripe/reconciliation/run-reconciliation.ts';
import type { Run } from '#main/stripe/reconciliation/runs.ts';
import { rejectMeterEvent } from '#main/stripe-simulator/billing-control.ts';
import { randomFrom } from '#main/stripe-simulator/random.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

const METERS: [eventName: string, formula: MeterFormula][] = [
  ['tokens', 'sum'],
  ['calls', 'count'],
  ['seats', 'last'],
];
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const CUSTOMERS = 12;

let bench: Workbench;
const random = randomFrom(20_261_122);
const stripeCustomers = new Map<string, string>();

/** Today's midnight in UTC, from which days are counted. */
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const daysAgo = (days: number) => new Date(TODAY - days * DAY_MS);
/** Everybody's period on every meter, but for those of `newCustomer` without one. */
const PERIOD = { start: daysAgo(29), end: daysAgo(-1) };

beforeAll(async () => {
  bench = await createWorkbench();
  for (const [eventName, formula] of METERS) await makeMeter(eventName, formula);
  for (let n = 0; n < CUSTOMERS; n += 1) {
    const id = await newCustomer(`user_${n}`);
    for (const [meter] of METERS) {
      await addPeriod(id, meter);
      for (let day = 20; day > 12; day -= 1) {
        await report(id, meter, { quantity: 1 + Math.floor(random() * 500), at: daysAgo(day) });
      }
    }
  }
  // Some use without a subscription.
  await report(await newCustomer('guest'), 'tokens', { quantity: 77, at: daysAgo(3) });
  await send();
});
afterAll(() => bench.dispose());

async function makeMeter(eventName: string, formula: MeterFormula) {
  const { target } = bench;
  const { id } = await target.gateway.createMeter(
    { eventName, name: eventName, formula: formula as 'sum' | 'count' | 'last' },
    `meter:${eventName}`,
  );
  await bench.rows(
    'INSERT INTO credits_billing.meters (event_name, name, formula) VALUES ($1, $1, $2)',
    [eventName, formula],
  );
  await bench.rows('INSERT INTO credits_billing.stripe_meters VALUES ($1, false, $2, $3, true)', [
    target.accountId,
    eventName,
    id,
  ]);
}

async function newCustomer(id: string): Promise<string> {
  const { id: stripeId } = await bench.stripe.customers.create({ metadata: { user_id: id } });
  await bench.rows('SELECT credits.ensure_customer($1, stripe_customer_id => $2)', [id, stripeId]);
  stripeCustomers.set(id, stripeId);
  return id;
}

async function addPeriod(id: string, meter: string, period = PERIOD, item = `si_${id}_${meter}`) {
  await bench.rows(
    'INSERT INTO credits_billing.subscription_item_periods VALUES ($1, $2, $3, $4, $5, $6)',
    [item, period.start, period.end, bench.target.accountId, id, meter],
  );
}

let reported = 0;
async function report(id: string, meter: string, { quantity, at }: { quantity: number; at: Date }) {
  reported += 1;
  await bench.rows('SELECT credits.report_usage($1, $2, $3, $4, $5)', [
    id,
    meter,
    meter === 'calls' ? 1 : quantity,
    `key ${reported}`,
    at,
  ]);
}

/** Sends everything that waits, as hours ago by what is kept of it. */
async function send({ sentAgo = '2 hours' } = {}) {
  await bench.rows('SELECT credits.batch_usage($1, false, true)', [bench.target.accountId]);
  const queued = await bench.rows<{
    id: string;
    identifier: string;
    eventName: string;
    stripeCustomerId: string;
    value: number;
    occurredAt: Date;
  }>(`SELECT id, identifier, event_name AS "eventName", stripe_customer_id AS "stripeCustomerId", value,
    occurred_at AS "occurredAt" FROM credits_billing.meter_events WHERE state = 'queued' ORDER BY position`);
  for (const { id, ...usage } of queued) {
    expect(await bench.target.gateway.sendUsage(usage)).toBe('accepted');
    await bench.rows(
      `UPDATE credits_billing.meter_events SET state = 'sent', first_attempt_at = clock_timestamp() - $2::interval,
        sent_at = clock_timestamp() - $2::interval WHERE id = $1`,
      [id, sentAgo],
    );
  }
}

/** The events of a customer on a meter that were sent, oldest first. */
const eventsOf = (id: string, meter: string) =>
  bench.rows<{ id: string; identifier: string; value: number; occurred_at: Date }>(
    'SELECT * FROM credits_billing.meter_events WHERE customer_id = $1 AND event_name = $2 ORDER BY occurred_at',
    [id, meter],
  );

async function eventOf(id: string, meter: string, index: number) {
  const event = (await eventsOf(id, meter)).at(index);
  if (event === undefined) throw new Error(`${id} has no event ${index} of ${meter}`);
  return event;
}

/** Stripe loses an event; answers with how it comes back. */
function lose(identifier: string): () => void {
  const { world } = bench.simulator;
  const lost = world.meterEvents.filter((event) => event.identifier === identifier);
  if (lost.length !== 1) throw new Error(`Stripe has ${lost.length} events ${identifier}`);
  // A list of its own: of one that only grew, the simulator would read what is new alone.
  world.meterEvents = world.meterEvents.filter((event) => !lost.includes(event));
  return () => {
    world.meterEvents = [...world.meterEvents, ...lost];
  };
}

async function reconcile(options: { since?: Date; onProgress?: (run: Run) => void } = {}) {
  const { since = daysAgo(40), ...rest } = options;
  const { id } = await startRun(bench.target, since);
  const run = await continueRun(bench.target, await takeRun(bench.target, id), rest);
  const findings = await listFindings(bench.target.database, { runId: id, bucket: null });
  return { run, findings };
}

const inShort = ({ bucket, customerId, usage, detail }: Finding) =>
  `${bucket} ${customerId} ${usage?.eventName} ${usage?.expectedUnits} ${usage?.foundUnits}: ${detail}`;

const unitsBefore = async (id: string, meter: string) =>
  (await eventsOf(id, meter)).reduce((sum, { value }) => sum + value, 0);

describe('usage that Stripe has as it was reported', () => {
  it('agrees, period by period and of customers without one', async () => {
    const { run, findings } = await reconcile();
    expect(findings.map(inShort)).toEqual([]);
    expect(run).toMatchObject({ state: 'done', phase: 'done', findings: 0 });
    expect(run.checked.usage).toBe(CUSTOMERS * METERS.length + 1);
  });

  it('agrees while it waits, is being sent, or Stripe is still aggregating it', async () => {
    const id = await newCustomer('under_way');
    for (const [meter] of METERS) {
      await addPeriod(id, meter);
      await report(id, meter, { quantity: 10, at: daysAgo(5) });
      await report(id, meter, { quantity: 20, at: daysAgo(4) });
    }
    // Reported, and no event made yet.
    expect((await reconcile()).findings.map(inShort)).toEqual([]);
    await send({ sentAgo: '1 minute' });
    expect((await reconcile()).findings.map(inShort)).toEqual([]);
    // Taken a minute ago, and not in the summary yet.
    const back = await Promise.all(
      METERS.map(async ([meter]) => lose((await eventOf(id, meter, -1)).identifier)),
    );
    expect((await reconcile()).findings.map(inShort)).toEqual([]);
    for (const each of back) each();
    // The answer of the last one was lost: Stripe has it, and here it is still being sent.
    await bench.rows(
      `UPDATE credits_billing.meter_events SET state = 'queued', sent_at = null, first_attempt_at = clock_timestamp()
       WHERE customer_id = $1 AND occurred_at = $2`,
      [id, daysAgo(4)],
    );
    expect((await reconcile()).findings.map(inShort)).toEqual([]);
    // Half an hour later Stripe should have had what it took long ago.
    await bench.rows(
      "UPDATE credits_billing.meter_events SET state = 'sent', sent_at = clock_timestamp() - interval '30 minutes' WHERE customer_id = $1",
      [id],
    );
    const missing = await Promise.all(
      METERS.map(async ([meter]) => lose((await eventOf(id, meter, -1)).identifier)),
    );
    expect((await reconcile()).findings.map(inShort).sort()).toEqual([
      'usage_differs under_way calls 2 1: 2 units reported, 1 unit in Stripe’s summary: 1 unit taken by Stripe and missing there.',
      'usage_differs under_way seats 20 10: The newest value reported is 20 units, Stripe’s is 10 units: Stripe is missing a value, or has one that was not sent from here.',
      'usage_differs under_way tokens 30 10: 30 units reported, 10 units in Stripe’s summary: 20 units taken by Stripe and missing there.',
    ]);
    for (const each of missing) each();
  });

  it('agrees where it went to another account, and where it was cancelled', async () => {
    const id = await newCustomer('moved');
    await addPeriod(id, 'tokens');
    await report(id, 'tokens', { quantity: 10, at: daysAgo(5) });
    await report(id, 'tokens', { quantity: 20, at: daysAgo(4) });
    await report(id, 'tokens', { quantity: 40, at: daysAgo(3) });
    await send();
    const elsewhere = await eventOf(id, 'tokens', 0);
    lose(elsewhere.identifier);
    await bench.rows(
      "UPDATE credits_billing.meter_events SET account_id = 'acct_other' WHERE id = $1",
      [elsewhere.id],
    );
    const cancelled = await eventOf(id, 'tokens', 1);
    await bench.target.gateway.cancelUsage({
      eventName: 'tokens',
      identifier: cancelled.identifier,
    });
    await bench.rows("UPDATE credits_billing.meter_events SET state = 'cancelled' WHERE id = $1", [
      cancelled.id,
    ]);
    expect((await reconcile()).findings.map(inShort)).toEqual([]);
    const onlyElsewhere = await newCustomer('moved away');
    await report(onlyElsewhere, 'tokens', { quantity: 10, at: daysAgo(5) });
    await send();
    lose((await eventOf(onlyElsewhere, 'tokens', 0)).identifier);
    await bench.rows(
      "UPDATE credits_billing.meter_events SET account_id = 'acct_other' WHERE customer_id = $1",
      [onlyElsewhere],
    );
    expect((await reconcile()).findings.map(inShort)).toEqual([]);
  });
});

describe('usage that was lost, corrupted, rejected or sent by others', () => {
  const expected: string[] = [];
  const undo: (() => void)[] = [];
  let run: Run;
  let findings: Finding[];

  beforeAll(async () => {
    const { world } = bench.simulator;
    const { gateway } = bench.target;
    // Lost in Stripe.
    const lost = await eventOf('user_0', 'tokens', 2);
    undo.push(lose(lost.identifier));
    const all = await unitsBefore('user_0', 'tokens');
    expected.push(
      `usage_differs user_0 tokens ${all} ${all - lost.value}: ${words(all)} reported, ${words(all - lost.value)} in Stripe’s summary: ${words(lost.value)} taken by Stripe and missing there.`,
    );
    undo.push(lose((await eventOf('user_1', 'calls', 0)).identifier));
    expected.push(
      'usage_differs user_1 calls 8 7: 8 units reported, 7 units in Stripe’s summary: 1 unit taken by Stripe and missing there.',
    );
    // Sent by another system, also for a customer that reported nothing at all.
    const foreign = (customer: string, value: number) =>
      gateway.sendUsage({
        identifier: `foreign ${customer}`,
        eventName: 'tokens',
        stripeCustomerId: stripeCustomers.get(customer) ?? '',
        value,
        occurredAt: daysAgo(2),
      });
    await foreign('user_2', 1_000);
    const own = await unitsBefore('user_2', 'tokens');
    expected.push(
      `usage_differs user_2 tokens ${own} ${own + 1_000}: ${words(own)} reported, ${words(own + 1_000)} in Stripe’s summary: 1,000 units in Stripe and not sent from here.`,
    );
    await addPeriod(await newCustomer('silent'), 'tokens');
    await foreign('silent', 1);
    expected.push(
      'usage_differs silent tokens 0 1: 0 units reported, 1 unit in Stripe’s summary: 1 unit in Stripe and not sent from here.',
    );
    // Rejected after it was accepted, and known to be.
    for (const meter of ['tokens', 'seats']) {
      const rejected = await eventOf('user_3', meter, -1);
      rejectMeterEvent(world, rejected.identifier, 'archived_meter');
      await bench.rows("UPDATE credits_billing.meter_events SET state = 'rejected' WHERE id = $1", [
        rejected.id,
      ]);
      const { value: before } = await eventOf('user_3', meter, -2);
      const sum = await unitsBefore('user_3', meter);
      expected.push(
        meter === 'seats'
          ? `usage_differs user_3 seats ${rejected.value} ${before}: The newest value reported is ${words(rejected.value)}, Stripe’s is ${words(before)}: it was rejected by Stripe.`
          : `usage_differs user_3 tokens ${sum} ${sum - rejected.value}: ${words(sum)} reported, ${words(sum - rejected.value)} in Stripe’s summary: ${words(rejected.value)} rejected by Stripe.`,
      );
    }
    // Linked to a customer that Stripe does not have: the run goes on nevertheless.
    await report(await newCustomer('ghost'), 'tokens', { quantity: 3, at: daysAgo(2) });
    await send();
    await bench.rows("SELECT credits.link_stripe_customer('ghost', 'cus_gone')");
    expected.push(
      'usage_differs ghost tokens 3 0: Stripe has no customer cus_gone, or not this meter any more. 3 units reported, 0 units in Stripe’s summary: 3 units taken by Stripe and missing there.',
    );
    // Too old to be sent: of a period of its own.
    await addPeriod('user_4', 'tokens', { start: daysAgo(59), end: daysAgo(29) }, 'si_old');
    await report('user_4', 'tokens', { quantity: 9, at: daysAgo(38) });
    await bench.rows('SELECT credits.batch_usage($1, false, true)', [bench.target.accountId]);
    expected.push(
      'usage_differs user_4 tokens 9 0: 9 units reported, 0 units in Stripe’s summary: 9 units too old for Stripe to take.',
    );
    // Never sent, hours after it was reported.
    await report('user_5', 'tokens', { quantity: 5, at: daysAgo(1) });
    await bench.rows(
      "UPDATE credits.usage_reports SET created_at = created_at - interval '61 minutes' WHERE customer_id = 'user_5' AND meter_event_id IS NULL",
    );
    const sent = await unitsBefore('user_5', 'tokens');
    expected.push(
      `usage_differs user_5 tokens ${sent + 5} ${sent}: ${words(sent + 5)} reported, ${words(sent)} in Stripe’s summary: 5 units waiting to be sent for more than an hour.`,
    );
    // Not in Stripe any more, and without a period.
    await bench.rows("SELECT credits.link_stripe_customer('guest', null)");
    expected.push(
      'usage_differs guest tokens 77 0: The customer has no Stripe customer. 77 units reported, 0 units in Stripe’s summary: 77 units taken by Stripe and missing there.',
    );
    ({ run, findings } = await reconcile());
  });

  const words = (units: number) =>
    `${units.toLocaleString('en')} ${units === 1 ? 'unit' : 'units'}`;

  it('is found, all of it and nothing else', () => {
    expect(findings.map(inShort).sort()).toEqual(expected.sort());
    expect(run).toMatchObject({ findings: expected.length, openFindings: expected.length });
  });

  it('has the same id in every run, with the period it lies in', async () => {
    const again = await reconcile();
    expect(again.findings.map(({ id }) => id)).toEqual(findings.map(({ id }) => id));
    const one = findings.find(({ customerId }) => customerId === 'user_0');
    expect(one).toMatchObject({
      id: `usage_differs:tokens ${PERIOD.start.toISOString()} user_0`,
      expectedCredits: null,
      foundCredits: null,
      usage: { periodStart: PERIOD.start, periodEnd: PERIOD.end },
    });
    const guest = findings.find(({ customerId }) => customerId === 'guest');
    expect(guest?.usage?.periodStart).toEqual(daysAgo(40));
    expect((guest?.usage?.periodEnd.getTime() ?? 1) % MINUTE_MS).toBe(0);
  });

  it('is not compared where its period is over before the span', async () => {
    const recent = await reconcile({ since: daysAgo(10) });
    expect(recent.run.checked.usage).toBeGreaterThan(CUSTOMERS * METERS.length);
    expect(recent.findings.map(({ customerId }) => customerId)).not.toContain('user_4');
  });

  it('cannot be repaired by an entry, and says what to do', async () => {
    const finding = findings.find(({ customerId }) => customerId === 'user_0');
    const place = { runId: run.id, findingId: finding?.id ?? '' };
    expect(await previewRepair(bench.target, place)).toEqual({
      act: null,
      why: expect.stringMatching(/Metered tab.*send.*again.*add usage.*cancel/),
      preview: null,
    });
    await expect(repairFinding(bench.target, place, 'please')).rejects.toMatchObject({
      code: 'stripe_refused',
      message: expect.stringContaining('Nothing was changed.'),
    });
    // Put right in Stripe, it can be closed.
    undo.shift()?.();
    expect(await previewRepair(bench.target, place)).toMatchObject({
      act: expect.stringContaining('Close it'),
    });
    expect(await repairFinding(bench.target, place, 'it came after all')).toMatchObject({
      state: 'repaired',
      repairedByTransactionId: null,
    });
    expect((await reconcile()).findings.map(({ customerId }) => customerId)).not.toContain(
      'user_0',
    );
  });

  it('is looked at once more at the end of the run', async () => {
    const looked: string[] = [];
    const { run: later, findings: left } = await reconcile({
      onProgress: ({ phase, findings: count }) => {
        looked.push(`${phase} ${count}`);
        // What was lost comes after all, before the second look.
        if (phase === 'done') undo.shift()?.();
      },
    });
    expect(looked).toContain(`done ${expected.length - 1}`);
    expect(left.map(({ customerId }) => customerId)).not.toContain('user_1');
    expect(later.findings).toBe(expected.length - 2);
  });
});
