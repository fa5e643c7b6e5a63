import { sql } from 'kysely';
import { readSnapshot } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import type { StripeMeter } from '#main/stripe/gateway/gateway.ts';
import { AppError } from '#shared/errors.ts';
import { type MeterRow, needMeter } from './catalog-rows.ts';
import { keyOf } from './stripe-keys.ts';

/** As the outbox sends usage. */
const CUSTOMER_KEY = 'stripe_customer_id';
const VALUE_KEY = 'value';

/**
 * Makes Stripe agree with a meter of the console, and keeps its link; answers with Stripe's id. Looks for the event name first:
 * a meter that is there is taken over, and set active or inactive. An inactive one that Stripe does not have is not made
 * there, nor one of that name that is none of ours touched: null. Safe to repeat.
 * Errors: not_found, invalid_argument (Stripe counts the event name in another way; nothing was changed there), stripe_*.
 */
export async function linkMeter(target: MeteringTarget, eventName: string): Promise<string | null> {
  for (;;) {
    const meter = await readSnapshot(target.database, undefined, (run) =>
      needMeter(run, target, eventName),
    );
    const found = await target.gateway.findMeter(eventName);
    const objection = found && objectionTo(meter, found);
    if (!meter.active && meter.link === null && (found === undefined || objection !== undefined)) {
      return null;
    }
    if (objection !== undefined) throw objection;
    const stripeId = await bring(target, meter, found);
    // Somebody may have decided otherwise meanwhile, and been done in Stripe before us.
    if ((await saveLink(target, meter, stripeId)) === meter.active) return stripeId;
  }
}

/**
 * Why a meter that Stripe has under the event name cannot be the console's; undefined where it can. The console's prices would
 * charge for other numbers than those it reports.
 */
export function objectionTo(
  meter: Pick<MeterRow, 'eventName' | 'formula' | 'link'>,
  found: StripeMeter,
): AppError | undefined {
  const why = differenceOf(meter, found);
  if (why === undefined) return undefined;
  return new AppError(
    'invalid_argument',
    `Stripe has a meter ${meter.eventName} already (${found.id}), and ${why}. Nothing was changed in Stripe. Use another event name, or deactivate that meter in Stripe’s dashboard first.`,
    { fields: { eventName: 'is another meter in Stripe' }, details: { stripeMeterId: found.id } },
  );
}

function differenceOf(
  { formula, link }: Pick<MeterRow, 'formula' | 'link'>,
  found: StripeMeter,
): string | undefined {
  if (found.formula !== formula) return `its formula is ${found.formula}, not ${formula}`;
  if (found.customerKey !== CUSTOMER_KEY) {
    return `it reads the customer from “${found.customerKey}”, not from “${CUSTOMER_KEY}”`;
  }
  if (formula !== 'count' && found.valueKey !== VALUE_KEY) {
    return `it reads the value from “${found.valueKey}”, not from “${VALUE_KEY}”`;
  }
  if (found.window !== undefined) {
    return `it counts only the newest event of each ${found.window}`;
  }
  // Usage goes by the event name, so it would reach this one, and the prices be those of the other.
  if (link !== null && link.stripeId !== found.id) {
    return `the console’s prices are on another one (${link.stripeId})`;
  }
  return undefined;
}

async function bring(
  target: MeteringTarget,
  meter: MeterRow,
  found: StripeMeter | undefined,
): Promise<string> {
  const { gateway } = target;
  const { eventName, name, formula, active, link } = meter;
  if (found === undefined) {
    // Only its link is left of it, and inactive is what it shall be.
    if (!active && link !== null) return link.stripeId;
    const made = await gateway.createMeter(
      { eventName, name, formula },
      keyOf('meter', [eventName, name, formula, link?.stripeId ?? null]),
    );
    return made.id;
  }
  if (found.active !== active) await setActive(target, meter, found.id);
  return found.id;
}

async function setActive(
  { gateway }: MeteringTarget,
  { eventName, active }: MeterRow,
  stripeId: string,
): Promise<void> {
  try {
    await gateway.setMeterActive(stripeId, active);
  } catch (error) {
    // Stripe refuses what another console has done meanwhile.
    if (!(error instanceof AppError) || error.code !== 'stripe_refused') throw error;
    const now = await gateway.findMeter(eventName);
    if (now?.id !== stripeId || now.active !== active) throw error;
  }
}

/** Notes what Stripe has now. Returns whether the console wants the meter active by now. */
async function saveLink(
  { database, accountId, livemode, actor }: MeteringTarget,
  { eventName, active }: MeterRow,
  stripeId: string,
): Promise<boolean> {
  return post(database, { actor }, async ({ run }) => {
    const [now] = await run(sql<{ active: boolean }>`
      SELECT active FROM credits_billing.meters WHERE event_name = ${eventName} FOR UPDATE`);
    await run(sql`
      INSERT INTO credits_billing.stripe_meters (account_id, livemode, event_name, meter_id, active)
      VALUES (${accountId}, ${livemode}, ${eventName}, ${stripeId}, ${active})
      ON CONFLICT (account_id, livemode, event_name) DO UPDATE
      SET meter_id = excluded.meter_id, active = excluded.active`);
    return now?.active ?? active;
  });
}
