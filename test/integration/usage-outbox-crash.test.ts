import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { cancelUsage } from '#main/metering/outbox/cancel-usage.ts';
import { sendUsage } from '#main/metering/outbox/send-usage.ts';
import { settleUsage } from '#main/metering/outbox/settle-usage.ts';
import { AppError } from '#shared/errors.ts';
import { Died, isDeath, mortal } from '#test/support/stripe-shop.ts';
import { openUsageWorld, type UsageWorld } from '#test/support/usage-world.ts';

let world: UsageWorld;
beforeEach(async () => {
  world = await openUsageWorld();
});
afterEach(() => world.dispose());

/** Runs work in a console that dies at its n-th step. True where it died. */
async function dyingAt(
  step: number,
  work: (target: MeteringTarget) => Promise<unknown>,
): Promise<boolean> {
  try {
    await work(mortal(world.target, step).target);
    return false;
  } catch (error) {
    if (!isDeath(error)) throw error;
    return true;
  }
}

it('a console that dies at any step of sending loses nothing and sends nothing twice', async () => {
  let step = 0;
  let died = true;
  while (died) {
    step += 1;
    const customerId = await world.customer();
    await world.report(customerId, 'calls', 1);
    await world.report(customerId, 'tokens', 3);
    died = await dyingAt(step, (target) => sendUsage(target, `mortal ${step}`, { atOnce: true }));
    await world.claimsRunOut();
    await world.send('heir');
    await world.expectTruth();
  }
  // Batching, claiming, sending two events and marking them: each has its steps.
  expect(step).toBeGreaterThan(20);
});

it('a console that dies at any step of taking usage back leaves it to the others', async () => {
  let step = 0;
  let died = true;
  let kept = 0;
  while (died) {
    step += 1;
    const customerId = await world.customer();
    await world.report(customerId, 'tokens', 3);
    await world.send();
    const { id } = await world.event(customerId);
    died = await dyingAt(step, (target) =>
      cancelUsage(target, 'mortal', { id, reason: 'counted wrongly' }),
    );
    await world.claimsRunOut();
    await world.send('heir');
    // Either the wish was committed, and it is taken back; or nothing happened.
    if ((await world.event(customerId)).state === 'sent') kept += 1;
    await world.expectTruth();
  }
  expect(kept).toBeGreaterThan(0);
  expect(step).toBeGreaterThan(kept + 4);
});

const trouble = fc.constantFrom(
  'none',
  'lost answer',
  'lost request',
  '429',
  '500',
  'dies',
  'key refused',
  'a day passes',
);
const report = fc.record({
  customer: fc.nat(2),
  meter: fc.constantFrom('tokens', 'tokens', 'calls'),
  quantity: fc.integer({ min: 1, max: 1_000_000 }),
  minutesAgo: fc.nat(3),
  repeats: fc.nat(2),
});
const rounds = fc.array(
  fc.record({
    reports: fc.array(report, { maxLength: 12 }),
    senders: fc.constantFrom(1, 2, 4),
    troubles: fc.array(trouble, { minLength: 1, maxLength: 6 }),
  }),
  { minLength: 1, maxLength: 5 },
);

it('whatever goes wrong, in whatever order, every report is billed once', async () => {
  let key = 0;
  await fc.assert(
    fc.asyncProperty(rounds, async (plan) => {
      // A world of its own: Stripe's clock only goes forward, and after 35 days usage is too old.
      await world.dispose();
      world = await openUsageWorld();
      const customers = [await world.customer(), await world.customer(), await world.customer()];
      for (const { reports, senders, troubles } of plan) {
        for (const { customer, meter, quantity, minutesAgo, repeats } of reports) {
          key += 1;
          const at = new Date(Math.floor(Date.now() / 1_000) * 1_000 - minutesAgo * 60_000);
          for (let time = 0; time <= repeats; time += 1) {
            await world.report(customers[customer] ?? '', meter, meter === 'calls' ? 1 : quantity, {
              key: `property_${key}`,
              at,
            });
          }
        }
        const through = troubled(troubles);
        await Promise.all(
          Array.from({ length: senders }, (_, index) =>
            sendUsage(through, `sender ${index}`, { atOnce: true }).catch((error: unknown) => {
              if (!(error instanceof Died || error instanceof AppError)) throw error;
            }),
          ),
        );
        if (troubles.includes('a day passes')) await world.hoursPass(25);
        await world.claimsRunOut();
      }
      await finish(customers);
      await world.expectTruth();
    }),
    { numRuns: 20 },
  );
}, 120_000);

/** The gateway with troubles, one a call, in turn. */
function troubled(troubles: readonly string[]): MeteringTarget {
  let call = 0;
  return world.through({
    sendUsage: async (usage) => {
      const met = troubles[call % troubles.length];
      call += 1;
      const unavailable = new AppError('stripe_unavailable', 'Stripe did not answer.');
      if (met === 'lost request' || met === '500') throw unavailable;
      if (met === '429') throw new AppError('stripe_rate_limited', 'Fewer.');
      if (met === 'key refused') throw new AppError('stripe_key_invalid', 'No.');
      const outcome = await world.target.gateway.sendUsage(usage);
      if (met === 'lost answer') throw unavailable;
      if (met === 'dies') throw new Died('died before it could mark the event');
      return outcome;
    },
  });
}

/** All is well again; and what nobody can tell by a summary, a person looks up at Stripe. */
async function finish(customers: readonly string[]): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await world.send();
    // Summaries have caught up by then.
    await world.hoursPass(2);
  }
  await world.send();
  const received = new Set(world.simulator.world.meterEvents.map(({ identifier }) => identifier));
  for (const customerId of customers) {
    for (const { id, identifier, state } of await world.events(customerId)) {
      if (state !== 'unclear') continue;
      const as = received.has(identifier) ? 'sent' : 'send_again';
      await settleUsage(world.target.database, 'ann', { id, as });
    }
  }
  await world.send();
}
