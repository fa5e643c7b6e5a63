/**
 * What happens at Stripe without a call of its API: what customers, banks and people at the dashboard do. The simulator's own pages and
 * tests call these; each changes the world as Stripe would, and emits Stripe's events.
 */
export {
  type CheckoutPayment,
  completeBankDebit,
  expireCheckout,
  payCheckout,
} from './payments/complete-session.ts';
export { closeDispute, escalateInquiry, openDispute } from './payments/disputes.ts';
export { settlePayment } from './payments/pay.ts';
export { failRefund, type RefundOptions, refundCharge, settleRefund } from './payments/refunds.ts';
