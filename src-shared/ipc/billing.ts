import { z } from 'zod';
import { creditsSchema } from '../credits.ts';
import { customerIdSchema, transactionIdSchema } from '../ids.ts';
import {
  amountMinorSchema,
  currencySchema,
  moneySchema,
  positiveAmountMinorSchema,
} from '../money.ts';
import { instantSchema } from '../time.ts';
import { catalogIdSchema } from './catalog.ts';
import { ledgerProcedures } from './ledger.ts';
import { command, query } from './procedure.ts';
import { CLAWBACK_POLICIES } from './stripe.ts';
import {
  balanceSchema,
  confirmedProductionField,
  cursorSchema,
  reasonFields,
  transactionTypeSchema,
} from './vocabulary.ts';

export const CHECKOUT_KINDS = ['credit_purchase', 'credit_topup', 'subscription'] as const;
export const CHECKOUT_STATES = [
  'creating',
  'open',
  'processing',
  'paid',
  'failed',
  'expired',
  'refused',
] as const;

export const checkoutSchema = z.strictObject({
  id: z.uuid(),
  customerId: customerIdSchema,
  kind: z.enum(CHECKOUT_KINDS),
  itemId: z.string(),
  itemName: z.string(),
  /** A metered price that is sold together with the plan. */
  meteredPriceId: z.string().nullable(),
  credits: creditsSchema,
  price: moneySchema,
  /** creating: Stripe has not answered yet; processing: completed, the bank has still to pay. */
  state: z.enum(CHECKOUT_STATES),
  sessionId: z.string().nullable(),
  /** The link to send; null once it is not open. */
  url: z.string().nullable(),
  expiresAt: instantSchema.nullable(),
  /** The purchase that came of it. */
  transactionId: transactionIdSchema.nullable(),
  error: z.string().nullable(),
  actor: z.string(),
  createdAt: instantSchema,
});
export type Checkout = z.output<typeof checkoutSchema>;

/** One provisioned payment: what was paid and went back, what was granted and is left of that very purchase. */
export const paymentSchema = z.strictObject({
  stripePaymentId: z.string(),
  transactionId: transactionIdSchema,
  type: transactionTypeSchema,
  description: z.string(),
  /** False: another Stripe account's, or written without the console; money is not known and cannot be refunded here. */
  known: z.boolean(),
  currency: currencySchema.nullable(),
  paidMinor: amountMinorSchema.nullable(),
  refundedMinor: amountMinorSchema,
  /** Refunds that Stripe has not confirmed yet. */
  requestedMinor: amountMinorSchema,
  /** In open disputes, and lost in closed ones. */
  disputedMinor: amountMinorSchema,
  lostMinor: amountMinorSchema,
  refundableMinor: amountMinorSchema,
  /** The largest refund whose credits are all still there. */
  safeRefundMinor: amountMinorSchema,
  granted: creditsSchema,
  /** Left of this purchase's own credits. */
  remaining: creditsSchema,
  recovered: creditsSchema,
  unrecovered: creditsSchema,
  createdAt: instantSchema,
});
export type Payment = z.output<typeof paymentSchema>;

export const refundRequestSchema = z.strictObject({
  id: z.uuid(),
  customerId: customerIdSchema,
  stripePaymentId: z.string(),
  price: moneySchema,
  policy: z.enum(CLAWBACK_POLICIES),
  credits: creditsSchema,
  /** requested: not confirmed by Stripe yet, and tried again by itself. */
  state: z.enum(['requested', 'refunded', 'refused']),
  refundId: z.string().nullable(),
  error: z.string().nullable(),
  reason: z.string(),
  actor: z.string(),
  createdAt: instantSchema,
});
export type RefundRequest = z.output<typeof refundRequestSchema>;

export const subscriptionSchema = z.strictObject({
  id: z.string(),
  status: z.string(),
  planTier: z.string().nullable(),
  currentPeriodStart: instantSchema.nullable(),
  currentPeriodEnd: instantSchema.nullable(),
  cancelAtPeriodEnd: z.boolean(),
});

/** A refund or dispute with what it did to credits. */
export const moneyBackSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['refund', 'dispute']),
  status: z.string(),
  reason: z.string().nullable(),
  policy: z.enum(CLAWBACK_POLICIES),
  price: moneySchema,
  /** Null where the ledger knows no purchase of this payment. */
  customerId: customerIdSchema.nullable(),
  customerName: z.string().nullable(),
  stripePaymentId: z.string().nullable(),
  purchaseTransactionId: transactionIdSchema.nullable(),
  paymentIntentId: z.string(),
  /** Credits the money stands for, taken back, and not there any more. */
  asked: creditsSchema,
  recovered: creditsSchema,
  unrecovered: creditsSchema,
  /** Credits on hold while a dispute is open. */
  held: creditsSchema,
  createdAt: instantSchema,
});
export type MoneyBack = z.output<typeof moneyBackSchema>;

const refundFields = {
  customerId: customerIdSchema,
  stripePaymentId: z.string().min(1).max(255),
  amountMinor: positiveAmountMinorSchema,
  policy: z.enum(CLAWBACK_POLICIES),
};

export const billingProcedures = {
  /** Everything of one customer that has to do with money, from the database alone. Errors: not_found. */
  'billing.customer': query({
    input: z.strictObject({ customerId: customerIdSchema }),
    output: z.strictObject({
      stripeCustomerId: z.string().nullable(),
      checkouts: z.array(checkoutSchema),
      payments: z.array(paymentSchema),
      refundRequests: z.array(refundRequestSchema),
      moneyBack: z.array(moneyBackSchema),
      subscriptions: z.array(subscriptionSchema),
    }),
  }),
  /** One payment's position. Errors: not_found. */
  'billing.payment': query({
    input: z.strictObject({
      customerId: customerIdSchema,
      stripePaymentId: z.string().min(1).max(255),
    }),
    output: paymentSchema,
  }),
  /**
   * Starts a purchase, top-up or subscription and answers with its Checkout link. The same id answers with the same
   * checkout. Errors: stripe_*, not_found, invalid_argument (an inactive item).
   */
  'billing.startCheckout': command({
    input: z.strictObject({
      id: z.uuid(),
      customerId: customerIdSchema,
      kind: z.enum(CHECKOUT_KINDS),
      /** A package's id, or a plan's tier for a subscription. */
      itemId: z.string().min(1).max(100),
      /** Sold together with a plan: a metered price, which is billed by use after each period. */
      meteredPriceId: catalogIdSchema.optional(),
      ...confirmedProductionField,
    }),
    output: checkoutSchema,
  }),
  /** Asks Stripe how a checkout stands, and grants where it was paid. Errors: stripe_*, not_found. */
  'billing.refreshCheckout': command({
    input: z.strictObject({ id: z.uuid() }),
    output: checkoutSchema,
  }),
  /** Closes an open checkout, so that it cannot be paid any more. Errors: stripe_*, not_found. */
  'billing.closeCheckout': command({
    input: z.strictObject({ id: z.uuid(), ...confirmedProductionField }),
    output: checkoutSchema,
  }),
  /** Opens the link of an open checkout in the browser. */
  'billing.openCheckout': command({
    input: z.strictObject({ id: z.uuid() }),
    output: z.strictObject({}),
  }),
  /** What a refund would do to the credits: the same calls, rolled back; asks nothing of Stripe. Errors: those of billing.refund. */
  'billing.previewRefund': query({
    input: z.strictObject(refundFields),
    output: z.strictObject({
      ...ledgerProcedures['ledger.preview'].output.shape,
      payment: paymentSchema,
      /** Credits the money stands for, what of them would be taken, and what not. */
      asked: creditsSchema,
      recovered: creditsSchema,
      unrecovered: creditsSchema,
    }),
  }),
  /**
   * Refunds a payment, whole or in part: the request is kept and its credits are held, Stripe is called with the request's own
   * key, then credits are taken back. An answer that is missing leaves state `requested`, which is finished by itself.
   * Errors: already_reversed (left, asked in minor units), stripe_refused (nothing was refunded, the hold is released), not_found.
   */
  'billing.refund': command({
    input: z.strictObject({
      id: z.uuid(),
      ...refundFields,
      stripeReason: z.enum(['requested_by_customer', 'duplicate', 'fraudulent']),
      ...reasonFields,
      ...confirmedProductionField,
    }),
    output: z.strictObject({
      request: refundRequestSchema,
      payment: paymentSchema,
      balance: balanceSchema,
    }),
  }),
  /** Tries a refund request again whose outcome is not known, with the same key. Errors: stripe_*. */
  'billing.finishRefund': command({
    input: z.strictObject({ id: z.uuid() }),
    output: z.strictObject({ request: refundRequestSchema }),
  }),
  /** Refunds and disputes, newest first, with sums over everything the filter finds. */
  'billing.moneyBack': query({
    input: z.strictObject({
      filter: z.strictObject({
        kind: z.enum(['refund', 'dispute']).optional(),
        /** open: a dispute that is undecided; unrecovered: something could not be taken back. */
        show: z.enum(['all', 'open', 'unrecovered']),
        createdSince: instantSchema.optional(),
        createdBefore: instantSchema.optional(),
      }),
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({
      rows: z.array(moneyBackSchema),
      nextCursor: cursorSchema,
      totals: z.strictObject({
        count: z.number().int(),
        asked: creditsSchema,
        recovered: creditsSchema,
        unrecovered: creditsSchema,
        held: creditsSchema,
        /** Money that went back, by currency; failed refunds and won disputes left out. */
        money: z.array(moneySchema),
      }),
    }),
  }),
  /** Refund requests that wait for Stripe, oldest first. */
  'billing.openRefunds': query({
    input: z.strictObject({}),
    output: z.strictObject({ requests: z.array(refundRequestSchema) }),
  }),
};
