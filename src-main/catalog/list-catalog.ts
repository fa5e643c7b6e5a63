import { sql } from 'kysely';
import type { z } from 'zod';
import { type QueryTarget, readSnapshot } from '#main/database/run-query.ts';
import type { catalogProcedures } from '#shared/ipc/catalog.ts';
import type { Link } from './catalog-item.ts';
import type { Comparison } from './compare-catalog.ts';
import { readPackages, readPlans } from './read-catalog.ts';

type Catalog = z.input<(typeof catalogProcedures)['catalog.list']['output']>;

/**
 * Packages and plans with their links as the database knows them, and with what a comparison with Stripe found besides.
 * Asks nothing of Stripe.
 */
export async function listCatalog(
  target: QueryTarget,
  comparison: Comparison | undefined,
  signal?: AbortSignal,
): Promise<Catalog> {
  return readSnapshot(target, signal, async (run) => {
    const packages = await readPackages(run);
    const plans = await readPlans(run);
    const [bound] = await run(
      sql<{ account_id: string | null }>`SELECT account_id FROM credits_billing.stripe_settings`,
    );
    const known = bound?.account_id === comparison?.accountId ? comparison : undefined;
    return {
      packages: packages.map(({ item, data }) => ({
        ...data,
        link: compared(data.link, known?.found(item)),
      })),
      plans: plans.map(({ item, data }) => ({
        ...data,
        link: compared(data.link, known?.found(item)),
      })),
      comparedAt: known?.at.toISOString() ?? null,
    };
  });
}

/** A link that was compared. What the console changed since then is told before what changed in Stripe. */
function compared(link: Link, found: ReturnType<Comparison['found']>): Link {
  if (found === undefined || found.priceId !== link.priceId || found.differences.length === 0) {
    return link;
  }
  if (link.state === 'changed') {
    return { ...link, differences: [...new Set([...link.differences, ...found.differences])] };
  }
  return {
    ...link,
    state: link.state === 'current' ? 'drifted' : link.state,
    differences: found.differences,
  };
}
