import type { QueryTarget } from '#main/database/run-query.ts';
import { type Author, post } from './ledger-session.ts';

const BATCH = 1_000;

/**
 * Writes an `expire` transaction for every grant that is due and closes due holds, in batches of their own; returns how
 * many transactions were written. Can be run again at any time, also after an outcome that stayed unknown.
 */
export async function expireCredits(
  target: QueryTarget,
  author: Author,
  signal?: AbortSignal,
): Promise<number> {
  let expired = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { written } = await post(target, author, (session) =>
      session.call<{ written: number }>({
        name: 'ledger.expire',
        text: 'SELECT f AS written FROM credits.expire_credits(now(), $1) f',
        values: [BATCH],
      }),
    );
    expired += written;
    if (written < BATCH) return expired;
  }
}
