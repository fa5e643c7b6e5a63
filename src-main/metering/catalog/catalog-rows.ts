import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { AppError } from '#shared/errors.ts';
import type { MeterFormula } from '#shared/ipc/metering.ts';
import type { Tier } from '#shared/metered-price.ts';

/** Which account's links are read: test and live mode of one account may share its id. */
export type Place = Pick<MeteringTarget, 'accountId' | 'livemode'>;

/** A meter of the console, and how it stands in an account; without a link that account does not know it. */
export type MeterRow = {
  eventName: string;
  name: string;
  formula: MeterFormula;
  active: boolean;
  changedAt: Date;
  changedBy: string;
  link: { stripeId: string; active: boolean } | null;
};

/** A metered price of the console, and how it stands in an account. */
export type PriceRow = {
  id: string;
  name: string;
  eventName: string;
  currency: string;
  interval: 'month' | 'year';
  tiers: Tier[];
  active: boolean;
  changedAt: Date;
  changedBy: string;
  link: { stripeId: string; productId: string; active: boolean } | null;
};

type CommonColumns = {
  name: string;
  event_name: string;
  active: boolean;
  changed_at: Date;
  changed_by: string;
  linked_active: boolean | null;
};

/** Meters by their event names; `eventName` chooses one. A place of null has no links. */
export async function readMeters(
  run: RunQuery,
  place: Place | null,
  eventName?: string,
): Promise<MeterRow[]> {
  const rows = await run(sql<
    CommonColumns & { formula: MeterFormula; meter_id: string | null }
  >`SELECT m.event_name, m.name, m.formula, m.active, m.changed_at, m.changed_by,
      l.meter_id, l.active AS linked_active
    FROM credits_billing.meters m LEFT JOIN credits_billing.stripe_meters l ON l.event_name = m.event_name
      AND l.account_id = ${place?.accountId ?? null}::text AND l.livemode = ${place?.livemode ?? null}::boolean
    WHERE ${eventName === undefined ? sql`true` : sql`m.event_name = ${eventName}`}
    ORDER BY m.event_name`);
  return rows.map((row) => ({
    eventName: row.event_name,
    name: row.name,
    formula: row.formula,
    active: row.active,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
    link:
      row.meter_id === null || row.linked_active === null
        ? null
        : { stripeId: row.meter_id, active: row.linked_active },
  }));
}

/** Metered prices by meter and id; `id` chooses one. A place of null has no links. */
export async function readPrices(
  run: RunQuery,
  place: Place | null,
  id?: string,
): Promise<PriceRow[]> {
  const rows = await run(sql<
    CommonColumns & {
      id: string;
      currency: string;
      billing_interval: 'month' | 'year';
      tiers: Tier[];
      price_id: string | null;
      product_id: string | null;
    }
  >`SELECT p.id, p.name, p.event_name, p.currency, p.billing_interval, p.tiers, p.active, p.changed_at, p.changed_by,
      l.price_id, l.product_id, l.active AS linked_active
    FROM credits_billing.metered_prices p LEFT JOIN credits_billing.stripe_metered_prices l ON l.metered_price_id = p.id
      AND l.account_id = ${place?.accountId ?? null}::text AND l.livemode = ${place?.livemode ?? null}::boolean
    WHERE ${id === undefined ? sql`true` : sql`p.id = ${id}`}
    ORDER BY p.event_name, p.id`);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    eventName: row.event_name,
    currency: row.currency,
    interval: row.billing_interval,
    // The order of a JSON object's members is the database's own.
    tiers: row.tiers.map(({ upTo, unitAmount, flatAmount }) => ({ upTo, unitAmount, flatAmount })),
    active: row.active,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
    link:
      row.price_id === null || row.product_id === null || row.linked_active === null
        ? null
        : { stripeId: row.price_id, productId: row.product_id, active: row.linked_active },
  }));
}

/** The one meter of a name. Errors: not_found. */
export async function needMeter(run: RunQuery, place: Place, eventName: string): Promise<MeterRow> {
  const [meter] = await readMeters(run, place, eventName);
  return meter ?? refuseMissing('meter', eventName);
}

/** The one metered price of an id. Errors: not_found. */
export async function needPrice(run: RunQuery, place: Place, id: string): Promise<PriceRow> {
  const [price] = await readPrices(run, place, id);
  return price ?? refuseMissing('metered price', id);
}

export function refuseMissing(kind: 'meter' | 'metered price', id: string): never {
  throw new AppError('not_found', `There is no ${kind} ${id}. Nothing was changed.`, {
    details: { entity: kind, id },
  });
}
