import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { z } from 'zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { previewWork } from '#main/ledger/preview-act.ts';
import type { billingProcedures } from '#shared/ipc/billing.ts';
import { getPayment } from './read-payments.ts';
import { requestRefund } from './request-refund.ts';

type Procedure = (typeof billingProcedures)['billing.previewRefund'];

/**
 * What a refund would do to the credits: the same calls, with a made-up refund in place of Stripe's, rolled back. Asks
 * nothing of Stripe. Errors: those of refundPayment before Stripe is asked.
 */
export async function previewRefund(
  target: QueryTarget,
  actor: string,
  order: z.output<Procedure['input']>,
  signal?: AbortSignal,
): Promise<z.input<Procedure['output']>> {
  const { customerId, stripePaymentId } = order;
  const requestId = randomUUID();
  const refundId = `preview_${requestId}`;
  const { preview, result } = await previewWork(
    target,
    { actor, customerId },
    async (session) => {
      const payment = await getPayment(session.run, customerId, stripePaymentId);
      await requestRefund(session, { ...order, id: requestId, reason: 'Preview' });
      const clawback = await settleMadeUp(session, order, { refundId, requestId });
      const asked = clawback?.asked ?? 0;
      const unrecovered = clawback?.unrecovered ?? 0;
      return {
        transactionId: clawback?.id ?? null,
        result: { payment, asked, recovered: asked - unrecovered, unrecovered },
      };
    },
    signal,
  );
  return { ...preview, ...result };
}

type Clawback = { id: string; asked: number; unrecovered: number };

/** Takes the credits back as if Stripe had refunded; undefined where no credits are asked for the money. */
async function settleMadeUp(
  { run }: LedgerSession,
  { customerId, stripePaymentId, amountMinor }: z.output<Procedure['input']>,
  { refundId, requestId }: { refundId: string; requestId: string },
): Promise<Clawback | undefined> {
  await run(sql`
    SELECT FROM credits.stripe_payments p
    CROSS JOIN LATERAL credits.record_money_back(id => ${refundId}, kind => 'refund', account_id => p.account_id,
      payment_intent_id => p.payment_intent_id, amount_minor => ${amountMinor}, currency => p.currency,
      status => 'succeeded', reason => NULL, created_at => clock_timestamp(), request_id => ${requestId}) f
    WHERE p.stripe_payment_id = ${stripePaymentId}`);
  const [clawback] = await run(sql<Clawback>`
    SELECT f.id::text, (f.metadata ->> 'asked')::bigint AS asked, (f.metadata ->> 'unrecovered')::bigint AS unrecovered
    FROM credits.settle_payment(customer_id => ${customerId}, stripe_payment_id => ${stripePaymentId}) f
    WHERE f.metadata ->> 'money_back_id' = ${refundId}`);
  return clawback;
}
