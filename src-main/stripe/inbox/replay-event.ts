import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { claimByHand } from './claim-event.ts';
import { type Handled, handleEvent } from './handle-event.ts';

/**
 * Handles an event once more, whatever came of it before: its object is fetched again, and only what the ledger lacks is
 * posted. What goes wrong stands on the event afterwards. Errors: not_found; stripe_other_account and stripe_other_mode for
 * an event that was never for this workspace.
 */
export async function replayEvent(
  target: StripeTarget,
  id: string,
  worker: string,
): Promise<Handled> {
  const { rows } = await target.database.pool.query<{ account_id: string; livemode: boolean }>(
    'SELECT account_id, livemode FROM credits_billing.stripe_events WHERE id = $1',
    [id],
  );
  const [event] = rows;
  if (event === undefined) throw noSuchEvent(id);
  if (event.livemode !== target.livemode) {
    throw new AppError(
      'stripe_other_mode',
      'The event is of the other mode (test or live) than this workspace works in. Nothing was changed.',
    );
  }
  if (event.account_id !== target.accountId) {
    throw new AppError(
      'stripe_other_account',
      `The event is of the account ${event.account_id}, and this workspace belongs to ${target.accountId}. Nothing was changed.`,
    );
  }
  const claimed = await claimByHand(target, worker, id);
  if (claimed === undefined) throw noSuchEvent(id);
  return handleEvent(target, claimed);
}

export function noSuchEvent(id: string): AppError {
  return new AppError('not_found', `There is no event ${id} in the inbox.`, {
    details: { entity: 'event', id },
  });
}
