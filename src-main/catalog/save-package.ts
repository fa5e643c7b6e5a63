import { sql } from 'kysely';
import type { z } from 'zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { catalogProcedures } from '#shared/ipc/catalog.ts';
import { type PackageData, readPackages } from './read-catalog.ts';
import { refuseSave } from './refuse-save.ts';

type Input = z.output<(typeof catalogProcedures)['catalog.savePackage']['input']>;

/**
 * Adds a package, or changes one: what is saved as it stands changes nothing. Reaches Stripe with syncCatalog.
 * Errors: invalid_argument (a new one's id is taken), not_found.
 */
export async function savePackage(
  target: QueryTarget,
  actor: string,
  { isNew, id, name, credits, currency, amountMinor, active }: Input,
): Promise<PackageData> {
  return post(target, { actor }, async ({ run }) => {
    const [written] = await run(
      isNew
        ? sql`INSERT INTO credits_billing.credit_packages (id, name, credits, currency, amount_minor, active, changed_by)
            VALUES (${id}, ${name}, ${credits}, ${currency}, ${amountMinor}, ${active}, ${actor})
            ON CONFLICT (id) DO NOTHING RETURNING id`
        : sql`UPDATE credits_billing.credit_packages SET name = ${name}, credits = ${credits}, currency = ${currency},
              amount_minor = ${amountMinor}, active = ${active}, changed_at = clock_timestamp(), changed_by = ${actor}
            WHERE id = ${id} AND (name, credits, currency, amount_minor, active)
              IS DISTINCT FROM (${name}, ${credits}::bigint, ${currency}, ${amountMinor}::bigint, ${active}::boolean)
            RETURNING id`,
    );
    const [saved] = await readPackages(run, id);
    if (saved === undefined || (isNew && written === undefined)) refuseSave('package', id, isNew);
    return saved.data;
  });
}
