import { sql } from 'kysely';
import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { SyncOutcome } from '../sync/apply-sync.ts';
import { untrusted } from '../sync/read-order.ts';
import { syncCheckoutSession } from '../sync/sync-checkout-session.ts';
import { syncCustomer } from '../sync/sync-customer.ts';
import { syncInvoice } from '../sync/sync-invoice.ts';
import { syncSubscription } from '../sync/sync-subscription.ts';
import type { ClaimedEvent } from './claim-event.ts';
import { noteFailure } from './event-failure.ts';
import { type HandledEventType, isHandledType } from './event-types.ts';
import { handleDispute, handleRefund, handleRefundedCharge } from './money-back-events.ts';

type Handler = (
  target: StripeTarget,
  objectId: string,
  finish: (session: LedgerSession, outcome: SyncOutcome) => Promise<void>,
  event: ClaimedEvent,
) => Promise<SyncOutcome>;

/** Which object an event is a hint at. */
const HANDLERS: Readonly<Record<HandledEventType, Handler>> = {
  'checkout.session.completed': syncCheckoutSession,
  'checkout.session.async_payment_succeeded': syncCheckoutSession,
  'checkout.session.async_payment_failed': syncCheckoutSession,
  'checkout.session.expired': syncCheckoutSession,
  'invoice.paid': syncInvoice,
  'customer.subscription.created': syncSubscription,
  'customer.subscription.updated': syncSubscription,
  'customer.subscription.deleted': syncSubscription,
  'refund.created': handleRefund,
  'refund.updated': handleRefund,
  'refund.failed': handleRefund,
  'charge.refunded': handleRefundedCharge,
  'charge.dispute.created': handleDispute,
  'charge.dispute.updated': handleDispute,
  'charge.dispute.funds_withdrawn': handleDispute,
  'charge.dispute.funds_reinstated': handleDispute,
  'charge.dispute.closed': handleDispute,
  'customer.updated': syncCustomer,
  'customer.deleted': syncCustomer,
};

export type Handled = {
  state: 'handled' | 'ignored' | 'failed' | 'refused';
  customerIds: string[];
};

/**
 * Handles a claimed event: its object is fetched, and the ledger made to agree in one transaction with the event's own mark
 * and the rows it caused. What goes wrong is written to the event. Throws only where not even that was possible.
 */
export async function handleEvent(target: StripeTarget, event: ClaimedEvent): Promise<Handled> {
  try {
    const { ignored, customerIds } = await dispatch(target, event);
    return { state: ignored ? 'ignored' : 'handled', customerIds };
  } catch (error) {
    const state = await noteFailure(target, event, error);
    const told = { event: event.id, object: event.objectId };
    if (error instanceof AppError)
      target.log.warn(`${event.type} ${state}: ${error.message}`, told);
    else target.log.error(`${event.type} ${state}`, { ...told, error });
    // A refused checkout changed too.
    return { state, customerIds: [] };
  }
}

async function dispatch(target: StripeTarget, event: ClaimedEvent): Promise<SyncOutcome> {
  if (!isHandledType(event.type)) {
    throw untrusted(event.id, `the console does nothing with events of type ${event.type}`);
  }
  if (event.objectId === null) throw untrusted(event.id, 'it names no object');
  return HANDLERS[event.type](
    target,
    event.objectId,
    (session, outcome) => markHandled(session, event, outcome),
    event,
  );
}

async function markHandled(
  session: LedgerSession,
  event: ClaimedEvent,
  { outcome, ignored, transactions }: SyncOutcome,
): Promise<void> {
  await session.run(sql`
    UPDATE credits_billing.stripe_events
    SET state = ${ignored ? 'ignored' : 'handled'}, outcome = ${outcome}, handled_at = clock_timestamp(), error_code = NULL,
      error = NULL, claimed_by = NULL, claimed_until = NULL
    WHERE id = ${event.id}`);
  if (transactions.length === 0) return;
  await session.run(sql`
    INSERT INTO credits_billing.stripe_event_effects (event_id, customer_id, transaction_id)
    SELECT ${event.id}, t.customer_id, t.transaction_id
    FROM unnest(${transactions.map((row) => row.customerId)}::text[], ${transactions.map((row) => row.transactionId)}::bigint[])
      AS t (customer_id, transaction_id)
    ON CONFLICT DO NOTHING`);
}
