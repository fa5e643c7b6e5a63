import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type MeteringCatalogData = HandlerOutput<Contract['metering.catalog']>;
export type MeterData = MeteringCatalogData['meters'][number];
export type ListedPriceData = MeteringCatalogData['prices'][number];
export type MeterEventsData = HandlerOutput<Contract['metering.events']>;
export type MeterEventData = MeterEventsData['rows'][number];
export type BacklogData = MeterEventsData['backlog'];

/** What main would answer about metering, for tests of screens; each test changes what it is about. */

const link = { state: 'current', stripeId: 'mtr_1', stripeUrl: null } as const;
const changed = { changedAt: '2026-11-20T08:00:00.000Z', changedBy: 'ada' };

export function aMeter(changes: Partial<MeterData> = {}): MeterData {
  return {
    eventName: 'api_calls',
    name: 'API calls',
    formula: 'sum',
    active: true,
    link,
    ...changed,
    ...changes,
  };
}

/** To 1,000 at 10¢, to 10,000 at 5¢, beyond at 0.02¢ with a fee of $5.00. */
export function aListedPrice(changes: Partial<ListedPriceData> = {}): ListedPriceData {
  return {
    id: 'api_calls_usd',
    name: 'API calls, graduated',
    eventName: 'api_calls',
    currency: 'usd',
    interval: 'month',
    tiers: [
      { upTo: 1_000, unitAmount: '10', flatAmount: null },
      { upTo: 10_000, unitAmount: '5', flatAmount: null },
      { upTo: null, unitAmount: '0.02', flatAmount: '500' },
    ],
    active: true,
    link: { ...link, stripeId: 'price_m1' },
    ...changed,
    ...changes,
  };
}

export function aMeteringCatalog(changes: Partial<MeteringCatalogData> = {}): MeteringCatalogData {
  return {
    meters: [
      aMeter(),
      aMeter({ eventName: 'seats', name: 'Seats', formula: 'last', active: false }),
    ],
    prices: [
      aListedPrice(),
      aListedPrice({
        id: 'tokens_usd',
        name: 'Tokens',
        interval: 'year',
        tiers: [{ upTo: null, unitAmount: '0.02', flatAmount: null }],
      }),
    ],
    featureMeters: [
      { feature: 'ai_analysis', planTier: null, eventName: 'api_calls', mode: 'both' },
    ],
    features: ['ai_analysis', 'render'],
    ...changes,
  };
}

export function aMeterEvent(changes: Partial<MeterEventData> = {}): MeterEventData {
  return {
    id: '8f14e45f-ceea-467f-9c3e-2f6a3b1f0c11',
    identifier: 'cc_8f14e45f',
    customerId: 'user_1',
    customerName: 'Ada Lovelace',
    eventName: 'api_calls',
    value: 1_250,
    reports: 12,
    occurredAt: '2026-11-22T08:00:00.000Z',
    state: 'sent',
    attempts: 1,
    sentAt: '2026-11-22T08:01:05.000Z',
    nextAttemptAt: null,
    cancellableUntil: '2099-01-02T08:00:00.000Z',
    cancellable: true,
    error: null,
    cancelReason: null,
    cancelledBy: null,
    ...changes,
  };
}

export function aBacklog(changes: Partial<BacklogData> = {}): BacklogData {
  return {
    waitingReports: 0,
    queued: 0,
    rejected: 0,
    tooOld: 0,
    unclear: 0,
    oldestAt: null,
    lastSentAt: '2026-11-22T08:01:05.000Z',
    error: null,
    ...changes,
  };
}
