import { sql } from 'kysely';
import { readSnapshot } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import { needPrice } from './catalog-rows.ts';
import { linkPrice } from './link-price.ts';
import { needActiveMeter } from './need-active-meter.ts';
import { afterSaving } from './not-in-stripe-yet.ts';

/**
 * Takes a metered price off sale or puts it back, here and then in Stripe; who has it keeps it. Where Stripe does not answer, the
 * same again goes on. Errors: not_found, invalid_argument (its meter is inactive), stripe_*.
 */
export async function setPriceActive(
  target: MeteringTarget,
  { id, active }: { id: string; active: boolean },
): Promise<void> {
  const { database, actor } = target;
  const { eventName } = await readSnapshot(database, undefined, (run) =>
    needPrice(run, target, id),
  );
  await post(database, { actor }, async ({ run }) => {
    if (active) await needActiveMeter(run, eventName);
    await run(sql`
      UPDATE credits_billing.metered_prices SET active = ${active}, changed_at = clock_timestamp(), changed_by = ${actor}
      WHERE id = ${id} AND active <> ${active}`);
  });
  await afterSaving(() => linkPrice(target, id));
}
