import type Stripe from 'stripe';
import type { MeterEventRecord, World } from '../world.ts';
import { startOfDay } from './periods.ts';

/** Seconds in which a used identifier is refused: Stripe promises "at least 24 hours". */
export const identifierWindow = 86_400;

type UsageIndex = {
  events: MeterEventRecord[];
  indexed: number;
  byIdentifier: Map<string, MeterEventRecord>;
  byCustomer: Map<string, MeterEventRecord[]>;
};

// The list of events is the state; the index over it only saves reading 100,000 of them for each new one.
const indexes = new WeakMap<World, UsageIndex>();

/** The meter event last received with this identifier. */
export function findMeterEvent(world: World, identifier: string): MeterEventRecord | undefined {
  return indexOf(world).byIdentifier.get(identifier);
}

/** The events that count for a meter and a customer in [start, end): neither cancelled nor refused, by the time of the usage. */
export function countingEvents(
  world: World,
  meter: Stripe.Billing.Meter,
  customer: string,
  { start, end }: { start: number; end: number },
): MeterEventRecord[] {
  const events = (
    indexOf(world).byCustomer.get(customerKey(meter.event_name, customer)) ?? []
  ).filter(
    (event) =>
      !event.cancelled && event.error === null && event.timestamp >= start && event.timestamp < end,
  );
  return meter.event_time_window === null
    ? events
    : newestOfEachWindow(events, meter.event_time_window);
}

/** The usage that a meter aggregates from events, by its formula. Negative where more was taken back than used. */
export function aggregate(
  meter: Stripe.Billing.Meter,
  events: readonly MeterEventRecord[],
): bigint {
  switch (meter.default_aggregation.formula) {
    case 'count':
      return BigInt(events.length);
    case 'last':
      return BigInt(events.reduce<MeterEventRecord | null>(newer, null)?.value ?? '0');
    default:
      return events.reduce((sum, event) => sum + BigInt(event.value), 0n);
  }
}

/** The usage of a customer in [start, end) by the meter's formula. */
export function usageOf(
  world: World,
  meter: Stripe.Billing.Meter,
  customer: string,
  period: { start: number; end: number },
): bigint {
  return aggregate(meter, countingEvents(world, meter, customer, period));
}

/** Start of the hour or (UTC) day that a moment lies in. */
export function startOfWindow(
  seconds: number,
  window: Stripe.Billing.Meter.EventTimeWindow,
): number {
  return window === 'day' ? startOfDay(seconds) : Math.floor(seconds / 3600) * 3600;
}

/** A meter with an event time window keeps the newest event of each window: a later one overwrites. */
function newestOfEachWindow(
  events: readonly MeterEventRecord[],
  window: Stripe.Billing.Meter.EventTimeWindow,
) {
  const kept = new Map<number, MeterEventRecord>();
  for (const event of events) {
    const key = startOfWindow(event.timestamp, window);
    kept.set(key, newer(kept.get(key) ?? null, event));
  }
  return [...kept.values()];
}

function newer(kept: MeterEventRecord | null, event: MeterEventRecord): MeterEventRecord {
  return kept === null || event.timestamp >= kept.timestamp ? event : kept;
}

function indexOf(world: World): UsageIndex {
  let index = indexes.get(world);
  if (!index || index.events !== world.meterEvents || index.indexed > world.meterEvents.length) {
    index = {
      events: world.meterEvents,
      indexed: 0,
      byIdentifier: new Map(),
      byCustomer: new Map(),
    };
    indexes.set(world, index);
  }
  for (; index.indexed < index.events.length; index.indexed += 1) {
    const event = index.events[index.indexed];
    if (event) {
      index.byIdentifier.set(event.identifier, event);
      const key = customerKey(event.eventName, event.customer);
      const known = index.byCustomer.get(key);
      if (known) {
        known.push(event);
      } else {
        index.byCustomer.set(key, [event]);
      }
    }
  }
  return index;
}

function customerKey(eventName: string, customer: string): string {
  return `${customer}\n${eventName}`;
}
