import { callForRow, posting, type SpendingTarget } from './call-ledger.ts';
import type { Price, UseRow } from './usage.ts';

const AVAILABLE = 'credits.available_now(f.customer_id) AS available';
// A repeat of a key returns its first hold: what became of that, the caller has to know before it works on it.
const HELD = `f.id::text AS hold_id, f.amount, f.expires_at, ${AVAILABLE},
  CASE WHEN f.state = 'open' AND f.expires_at <= clock_timestamp() THEN 'expired' ELSE f.state END AS state`;
const HOLD_COST = posting(
  'hold_cost',
  HELD,
  `credits.hold_credits(customer_id => a.customer_id, amount => $3, description => $4, idempotency_key => $5,
    expires_in => make_interval(secs => $6))`,
);
const HOLD_FEATURE = posting(
  'hold_feature',
  HELD,
  `credits.hold_feature(customer_id => a.customer_id, feature => $3, quantity => $7, idempotency_key => $5,
    expires_in => make_interval(secs => $6), description => $4)`,
);
const CAPTURE = posting(
  'capture',
  `f.id::text AS transaction_id, -f.amount AS cost, ${AVAILABLE}`,
  'credits.capture_hold(customer_id => a.customer_id, hold_id => $3::bigint, amount => $4)',
);
const RELEASE = posting(
  'release',
  `f.id::text AS hold_id, f.amount AS released, ${AVAILABLE}`,
  'credits.release_hold(customer_id => a.customer_id, hold_id => $3::bigint)',
);

export type HoldRow = {
  hold_id: string;
  amount: number;
  state: 'open' | 'captured' | 'released' | 'expired';
  expires_at: Date;
  available: number;
};

/** Sets aside what something costs, once for each key. Errors: those of hold_credits, hold_feature and callLedger. */
export function holdCredits(
  target: SpendingTarget,
  actor: string,
  hold: Price & {
    customerId: string;
    idempotencyKey: string;
    expiresInSeconds: number;
    description?: string | undefined;
  },
): Promise<HoldRow> {
  const { customerId, cost, feature, quantity, idempotencyKey, expiresInSeconds } = hold;
  const common = [hold.description ?? null, idempotencyKey, expiresInSeconds];
  return cost === undefined
    ? callForRow(target, HOLD_FEATURE, [actor, customerId, feature, ...common, quantity ?? 1])
    : callForRow(target, HOLD_COST, [actor, customerId, cost, ...common]);
}

/** Takes held credits, `amount` at most what is held (null: all); the rest is released. Errors: those of capture_hold and callLedger. */
export function captureHold(
  target: SpendingTarget,
  actor: string,
  hold: { customerId: string; holdId: string; amount: number | null },
): Promise<UseRow> {
  return callForRow(target, CAPTURE, [actor, hold.customerId, hold.holdId, hold.amount]);
}

/** Gives held credits back. Errors: those of release_hold and callLedger. */
export function releaseHold(
  target: SpendingTarget,
  actor: string,
  hold: { customerId: string; holdId: string },
): Promise<{ hold_id: string; released: number; available: number }> {
  return callForRow(target, RELEASE, [actor, hold.customerId, hold.holdId]);
}
