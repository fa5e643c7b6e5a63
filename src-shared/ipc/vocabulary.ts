import { z } from 'zod';
import { creditsSchema } from '../credits.ts';
import { customerIdSchema, grantIdSchema, holdIdSchema, transactionIdSchema } from '../ids.ts';
import { optionalText, requiredText } from '../text.ts';
import { instantSchema } from '../time.ts';

/** Words and rows that several areas of the contract share. */

export const TRANSACTION_TYPES = [
  'purchase',
  'subscription_allocation',
  'bonus',
  'refund',
  'adjustment',
  'usage',
  'expire',
  'clawback',
  'reversal',
] as const;
export const transactionTypeSchema = z.enum(TRANSACTION_TYPES);
export type TransactionType = z.output<typeof transactionTypeSchema>;

/** The kinds of credit a person grants by hand; purchases and allocations come from payments. */
export const MANUAL_GRANT_TYPES = ['bonus', 'refund', 'adjustment'] as const;

export const REASON_CODES = [
  'goodwill',
  'service_issue',
  'billing_error',
  'correction',
  'promotion',
  'migration',
  'abuse',
  'customer_request',
  'other',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** Why a person moves credits: a code to report by, words to read, and where the case is kept. */
export const reasonFields = {
  reasonCode: z.enum(REASON_CODES),
  note: requiredText(1000),
  caseLink: optionalText(500).refine(
    (link) => link === undefined || /^(https:\/\/[^\s]+|[A-Za-z0-9#_.-]{1,100})$/.test(link),
    { error: 'must be an https address or a case number' },
  ),
};

/** Set by the second question that a production connection asks before anything is posted. */
export const confirmedProductionField = { confirmedProduction: z.boolean() };

export const transactionSchema = z.strictObject({
  id: transactionIdSchema,
  customerId: customerIdSchema,
  customerName: z.string().nullable(),
  customerEmail: z.string().nullable(),
  /** Positive adds, negative takes. */
  amount: creditsSchema,
  balanceAfter: creditsSchema,
  type: transactionTypeSchema,
  description: z.string(),
  feature: z.string().nullable(),
  stripePaymentId: z.string().nullable(),
  idempotencyKey: z.string().nullable(),
  reversesId: transactionIdSchema.nullable(),
  /** Credits of this transaction that reversals have undone so far, as a positive number. */
  reversed: creditsSchema,
  actor: z.string(),
  reasonCode: z.string().nullable(),
  caseLink: z.string().nullable(),
  createdAt: instantSchema,
});
export type Transaction = z.output<typeof transactionSchema>;

export const grantSchema = z.strictObject({
  id: grantIdSchema,
  transactionId: transactionIdSchema,
  /** Type of the transaction that made the grant: where the credits came from. */
  source: transactionTypeSchema,
  description: z.string(),
  granted: creditsSchema,
  remaining: creditsSchema,
  priority: z.number().int(),
  isPaid: z.boolean(),
  expiresAt: instantSchema.nullable(),
  createdAt: instantSchema,
});
export type Grant = z.output<typeof grantSchema>;

export const holdSchema = z.strictObject({
  id: holdIdSchema,
  amount: creditsSchema,
  state: z.enum(['open', 'captured', 'released', 'expired']),
  feature: z.string().nullable(),
  description: z.string(),
  expiresAt: instantSchema,
  createdAt: instantSchema,
});
export type Hold = z.output<typeof holdSchema>;

/** The balance of one customer at one instant, as the ledger computes it. */
export const balanceSchema = z.strictObject({
  balance: creditsSchema,
  held: creditsSchema,
  /** balance − held − grants already due to expire */
  available: creditsSchema,
  lifetime: creditsSchema,
  nextExpiry: z.strictObject({ expiresAt: instantSchema, amount: creditsSchema }).nullable(),
});
export type Balance = z.output<typeof balanceSchema>;

/** An opaque place in a keyset-paged list; null where the list ends. */
export const cursorSchema = z.string().max(2000).nullable();

/** "1,000+" is told by capped = true. */
export const countSchema = z.strictObject({ count: z.number().int(), capped: z.boolean() });
