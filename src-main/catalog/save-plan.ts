import { sql } from 'kysely';
import type { z } from 'zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { catalogProcedures } from '#shared/ipc/catalog.ts';
import { type PlanData, readPlans } from './read-catalog.ts';
import { refuseSave } from './refuse-save.ts';

type Input = z.output<(typeof catalogProcedures)['catalog.savePlan']['input']>;

/**
 * Adds a plan, or changes one: what is saved as it stands changes nothing. Price and credits reach Stripe with
 * syncCatalog. Errors: invalid_argument (a new one's tier is taken, or a cap that does not go with the rule), not_found.
 */
export async function savePlan(
  target: QueryTarget,
  actor: string,
  { isNew, tier, name, monthlyCredits, rollover, rolloverCap, price, active, ...alone }: Input,
): Promise<PlanData> {
  if ((rollover === 'cap') !== (rolloverCap !== null)) {
    const why = rollover === 'cap' ? 'is required' : 'goes with the rule “up to a cap” only';
    throw new AppError(
      'invalid_argument',
      `The cap on credits that stay ${why}. Nothing was changed.`,
      { fields: { rolloverCap: why } },
    );
  }
  const { allocatesWithoutSubscription, lowBalanceThreshold } = alone;
  const currency = price?.currency ?? null;
  const amountMinor = price?.amountMinor ?? null;
  return post(target, { actor }, async ({ run }) => {
    const [written] = await run(
      isNew
        ? sql`INSERT INTO credits_billing.plans (tier, name, monthly_credits, rollover, rollover_cap, currency, amount_minor,
              active, allocates_without_subscription, low_balance_threshold, changed_by)
            VALUES (${tier}, ${name}, ${monthlyCredits}, ${rollover}, ${rolloverCap}, ${currency}, ${amountMinor},
              ${active}, ${allocatesWithoutSubscription}, ${lowBalanceThreshold}, ${actor})
            ON CONFLICT (tier) DO NOTHING RETURNING tier`
        : sql`UPDATE credits_billing.plans SET name = ${name}, monthly_credits = ${monthlyCredits}, rollover = ${rollover},
              rollover_cap = ${rolloverCap}, currency = ${currency}, amount_minor = ${amountMinor}, active = ${active},
              allocates_without_subscription = ${allocatesWithoutSubscription}, low_balance_threshold = ${lowBalanceThreshold},
              changed_at = clock_timestamp(), changed_by = ${actor}
            WHERE tier = ${tier} AND (name, monthly_credits, rollover, rollover_cap, currency, amount_minor, active,
                allocates_without_subscription, low_balance_threshold)
              IS DISTINCT FROM (${name}, ${monthlyCredits}::bigint, ${rollover}, ${rolloverCap}::bigint, ${currency},
                ${amountMinor}::bigint, ${active}::boolean, ${allocatesWithoutSubscription}::boolean, ${lowBalanceThreshold}::bigint)
            RETURNING tier`,
    );
    const [saved] = await readPlans(run, tier);
    if (saved === undefined || (isNew && written === undefined)) refuseSave('plan', tier, isNew);
    return saved.data;
  });
}
