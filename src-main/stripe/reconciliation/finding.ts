import { createHash } from 'node:crypto';
import { customerIdSchema } from '#shared/ids.ts';
import type { FindingBucket } from '#shared/ipc/reconciliation.ts';

/** One difference between Stripe and the ledger. Credits are whole; money is minor units of its currency. */
export type Difference = {
  /** Bucket, payment and what is expected: the same difference has the same id in every run. */
  id: string;
  bucket: FindingBucket;
  customerId: string | null;
  stripePaymentId: string | null;
  /** The session, invoice, refund or dispute in Stripe; null where only the ledger has something. */
  stripeObjectId: string | null;
  transactionId: string | null;
  expectedCredits: number | null;
  foundCredits: number | null;
  amountMinor: number | null;
  currency: string | null;
  /** What differs, in a sentence. */
  detail: string;
  /** Why no entry of the ledger mends it; null where one does. */
  obstacle: string | null;
  /** Of metered usage, where the two sides are units and no credits. */
  usage: UsageDifference | null;
};

/** Units of one meter in one period of whole minutes: by the reports, and by Stripe's summary. */
export type UsageDifference = {
  eventName: string;
  periodStart: Date;
  periodEnd: Date;
  expectedUnits: number;
  foundUnits: number;
};

/** What looking at a page of Stripe's objects, or of the ledger's rows, found. */
export type Checked = {
  differences: Difference[];
  /** Payments of the ledger that Stripe's side accounts for. */
  seenPaymentIds: string[];
  /** Objects that were compared. */
  compared: number;
  /** Rows of other Stripe accounts, which were left out. */
  elsewhere: number;
};

/** From when on things are compared. Stripe's instants are whole seconds, and so are these. */
export type Span = {
  since: Date;
  /**
   * Whether an object of this instant was this workspace's to follow, though it may be older than `since`: nobody knows
   * when it was paid or changed, but the workspace had its account already.
   */
  isResponsibleFor: (createdAt: Date) => boolean;
};

const KEY_LENGTH_MAX = 255;

/** The idempotency key of a difference's repair: posted once, whoever repairs it and in whatever run. */
export function repairKey(findingId: string): string {
  const key = `reconcile:${findingId}`;
  if (key.length <= KEY_LENGTH_MAX) return key;
  return `reconcile:${createHash('sha256').update(findingId).digest('hex')}`;
}

/** A customer's id from metadata, which anybody may have written; null where it cannot be one. */
export function asCustomerId(text: string | undefined): string | null {
  return customerIdSchema.safeParse(text).success ? (text ?? null) : null;
}

/** Money as Stripe shows it; null where it does not say. */
export function moneyOf(amountMinor: number | null, currency: string | null) {
  return amountMinor === null || currency === null
    ? { amountMinor: null, currency: null }
    : { amountMinor, currency: currency.toLowerCase() };
}
