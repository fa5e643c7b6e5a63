import type { MANUAL_GRANT_TYPES } from '#shared/ipc/vocabulary.ts';
import type { LedgerCall } from './ledger-session.ts';

/** What a person does with credits by hand. Amounts are credits, positive. */
export type Act =
  | {
      act: 'grant';
      customerId: string;
      type: (typeof MANUAL_GRANT_TYPES)[number];
      amount: number;
      /** null: never expires. */
      expiresAt: string | null;
      priority: number;
    }
  | { act: 'adjustDown'; customerId: string; amount: number }
  /** amount null: all that is left of it. */
  | { act: 'reverse'; customerId: string; transactionId: string; amount: number | null }
  | { act: 'extendGrant'; customerId: string; grantId: string; expiresAt: string }
  | { act: 'releaseHold'; customerId: string; holdId: string };

/**
 * The ledger's function that does it; answers with `id`: of the transaction posted, the grant moved or the hold closed.
 * `note` is the description or reason that stands on the entry.
 */
export function callOf(act: Act, note: string, idempotencyKey: string | null): LedgerCall {
  switch (act.act) {
    case 'grant':
      return {
        name: 'ledger.grant',
        text: `SELECT f.id::text AS id FROM credits.add_credits(customer_id => $1, amount => $2, transaction_type => $3,
          description => $4, idempotency_key => $5, expires_at => $6, priority => $7) f`,
        values: [
          act.customerId,
          act.amount,
          act.type,
          note,
          idempotencyKey,
          act.expiresAt,
          act.priority,
        ],
      };
    case 'adjustDown':
      return {
        name: 'ledger.adjust_down',
        text: `SELECT f.id::text AS id FROM credits.adjust_credits(customer_id => $1, amount => $2, description => $3,
          idempotency_key => $4) f`,
        values: [act.customerId, -act.amount, note, idempotencyKey],
      };
    case 'reverse':
      return {
        name: 'ledger.reverse',
        text: `SELECT f.id::text AS id FROM credits.reverse_transaction(customer_id => $1, transaction_id => $2,
          reason => $3, amount => $4, idempotency_key => $5) f`,
        values: [act.customerId, act.transactionId, note, act.amount, idempotencyKey],
      };
    case 'extendGrant':
      return {
        name: 'ledger.extend_grant',
        text: `SELECT f.id::text AS id FROM credits.extend_grant(customer_id => $1, grant_id => $2, expires_at => $3,
          reason => $4) f`,
        values: [act.customerId, act.grantId, act.expiresAt, note],
      };
    case 'releaseHold':
      return {
        name: 'ledger.release_hold',
        text: `SELECT f.id::text AS id FROM credits.release_hold(customer_id => $1, hold_id => $2) f`,
        values: [act.customerId, act.holdId],
      };
  }
}
