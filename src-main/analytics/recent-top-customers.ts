import type { ZonedDays } from '#main/database/calendar.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { computeTopCustomers, type TopCustomer } from './top-customers.ts';

type Request = ZonedDays & { limit: number };
type Computed = { rows: TopCustomer[]; computedAt: Date };
type Entry = { computed: Computed; refreshing: Promise<void> | undefined };

// Ranges of up to a month are quick enough to be computed each time.
const FRESH_DAYS_MAX = 31;
const REFRESH_AFTER_SECONDS = 60;
const OUTDATED_AFTER_SECONDS = 15 * 60;
const KEPT_MAX = 50;

/**
 * Top customers, where a long range may be shown from a recent computation: one older than a minute is shown and
 * computed again in the background, one older than 15 minutes is computed before it is shown.
 */
export function createRecentTopCustomers(now: () => Date) {
  // By pool, so that what one database said is never shown for another.
  const kept = new WeakMap<QueryTarget['pool'], Map<string, Entry>>();

  return async (target: QueryTarget, request: Request, signal?: AbortSignal): Promise<Computed> => {
    const compute = async (within?: AbortSignal): Promise<Computed> => {
      // Taken first: what is posted while it computes may be missing.
      const computedAt = now();
      return { rows: await computeTopCustomers(target, request, within), computedAt };
    };
    if (lengthInDays(request) <= FRESH_DAYS_MAX) return compute(signal);

    const entries = kept.get(target.pool) ?? new Map<string, Entry>();
    kept.set(target.pool, entries);
    const key = JSON.stringify([request.from, request.to, request.timeZone, request.limit]);
    const entry = entries.get(key);
    const ageSeconds = entry ? (now().getTime() - entry.computed.computedAt.getTime()) / 1000 : 0;
    if (!entry || ageSeconds > OUTDATED_AFTER_SECONDS) {
      const computed = await compute(signal);
      entries.delete(key);
      entries.set(key, { computed, refreshing: undefined });
      for (const oldest of [...entries.keys()].slice(0, -KEPT_MAX)) entries.delete(oldest);
      return computed;
    }
    if (ageSeconds > REFRESH_AFTER_SECONDS) {
      entry.refreshing ??= compute()
        .then(
          (computed) => {
            entry.computed = computed;
          },
          // What is shown stays true as of its time; the next request tries again.
          () => undefined,
        )
        .finally(() => {
          entry.refreshing = undefined;
        });
    }
    return entry.computed;
  };
}

function lengthInDays({ from, to }: ZonedDays): number {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
}
