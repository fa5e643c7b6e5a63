import { readSnapshot } from '#main/database/run-query.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { AppError } from '#shared/errors.ts';
import { readMeters, readPrices } from './catalog-rows.ts';
import { linkMeter } from './link-meter.ts';
import { linkPrice } from './link-price.ts';

type Row = { active: boolean; link: unknown };

/**
 * Makes Stripe agree with the console, for every meter and metered price: makes what it lacks, and archives or brings back what
 * differs, also where that was changed in Stripe. What was never there and is inactive here is left alone. Safe to repeat.
 * One that Stripe or the console refuses does not stop the others; the first such error is thrown at the end.
 * Errors: invalid_argument, stripe_*.
 */
export async function syncMetering(target: MeteringTarget): Promise<void> {
  const { meters, prices } = await readSnapshot(target.database, undefined, async (run) => ({
    meters: await readMeters(run, target),
    prices: await readPrices(run, target),
  }));
  const work = [
    ...meters.filter(concernsStripe).map(
      ({ eventName }) =>
        () =>
          linkMeter(target, eventName),
    ),
    // An inactive one may have been made there before the console knew: it carries our own marks.
    ...prices.map(
      ({ id }) =>
        () =>
          linkPrice(target, id),
    ),
  ];
  const refused: AppError[] = [];
  for (const bringOne of work) {
    try {
      await bringOne();
    } catch (error) {
      if (!isRefusalOfOne(error)) throw error;
      refused.push(error);
    }
  }
  const [first] = refused;
  if (first === undefined) return;
  if (refused.length === 1) throw first;
  throw new AppError(
    first.code,
    `${first.message} In all ${refused.length} of ${work.length} meters and prices could not be brought to Stripe; the others were.`,
    { details: first.details, cause: first },
  );
}

/** A meter says nothing of who made it: an inactive one that was never linked may be somebody else's in Stripe. */
function concernsStripe({ active, link }: Row): boolean {
  return active || link !== null;
}

/** Whether the others have a chance: not where Stripe is away or the key is at fault. */
function isRefusalOfOne(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    ['invalid_argument', 'stripe_refused', 'stripe_not_found'].includes(error.code)
  );
}
