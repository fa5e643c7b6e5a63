import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import type { z } from 'zod';
import { readSnapshot } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { AppError } from '#shared/errors.ts';
import type { meteringProcedures } from '#shared/ipc/metering.ts';
import { type PriceRow, readPrices } from './catalog-rows.ts';
import { linkPrice, marksOf, objectionTo } from './link-price.ts';
import { needActiveMeter } from './need-active-meter.ts';
import { afterSaving } from './not-in-stripe-yet.ts';

type Input = z.output<(typeof meteringProcedures)['metering.createPrice']['input']>;
type NewPrice = Pick<Input, 'id' | 'name' | 'eventName' | 'currency' | 'interval' | 'tiers'>;

/**
 * Makes a metered price here and in Stripe, and its meter in Stripe where that lacks it. Where Stripe does not answer, the price
 * stays here, not linked; the same again goes on from there, and makes nothing twice.
 * Errors: invalid_argument (the id is taken, here or in Stripe; no such meter, or an inactive one; nothing was changed), stripe_*.
 */
export async function createPrice(target: MeteringTarget, price: NewPrice): Promise<void> {
  await post(target.database, { actor: target.actor }, async ({ run }) => {
    refuseTaken(price, (await readPrices(run, target, price.id))[0]);
    await needActiveMeter(run, price.eventName);
  });
  const problem = await problemInStripe(target, price);
  if (problem && !problem.code.startsWith('stripe_')) throw problem;
  await save(target, price);
  await afterSaving(async () => {
    if (problem) throw problem;
    await linkPrice(target, price.id);
  });
}

/** What is wrong with the id in Stripe, or with Stripe; a price that is linked is there under its own id. */
async function problemInStripe(
  target: MeteringTarget,
  price: NewPrice,
): Promise<AppError | undefined> {
  const [there] = await readSnapshot(target.database, undefined, (run) =>
    readPrices(run, target, price.id),
  );
  if (there?.link) return undefined;
  try {
    const found = await target.gateway.findPriceByLookupKey(marksOf(price).lookupKey);
    return found && objectionTo(price, found);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

async function save({ database, actor, ...place }: MeteringTarget, price: NewPrice): Promise<void> {
  const { id, name, eventName, currency, interval, tiers } = price;
  await post(database, { actor }, async ({ run }) => {
    await needActiveMeter(run, eventName);
    await run(sql`
      INSERT INTO credits_billing.metered_prices (id, name, event_name, currency, billing_interval, tiers, changed_by)
      VALUES (${id}, ${name}, ${eventName}, ${currency}, ${interval}, ${JSON.stringify(tiers)}::jsonb, ${actor})
      ON CONFLICT (id) DO NOTHING`);
    refuseTaken(price, (await readPrices(run, place, id))[0]);
  });
}

function refuseTaken(price: NewPrice, there: PriceRow | undefined): void {
  if (there === undefined) return;
  const { name, eventName, currency, interval, tiers } = there;
  const isSame =
    there.active &&
    isDeepStrictEqual(
      [name, eventName, currency, interval, tiers],
      [price.name, price.eventName, price.currency, price.interval, price.tiers],
    );
  if (isSame) return;
  throw new AppError(
    'invalid_argument',
    `There is a metered price ${price.id} already: “${name}”, on ${eventName}${there.active ? '' : ', inactive'}. Nothing was changed. Choose another id, or use the one that is there.`,
    { fields: { id: 'is taken' } },
  );
}
