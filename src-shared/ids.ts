import { z } from 'zod';

// Ids of ledger rows are opaque (a distributed server puts its own number into their upper bits, past 2^53),
// so in TypeScript and JSON an id is a string.
export type TransactionId = string & { readonly __id: 'transaction' };
export type GrantId = string & { readonly __id: 'grant' };
export type HoldId = string & { readonly __id: 'hold' };
export type CustomerId = string & { readonly __id: 'customer' };

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;
const BIGINT_MAX = 9_223_372_036_854_775_807n;

const rowId = z
  .string()
  .refine((text) => /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) <= BIGINT_MAX, {
    error: 'must be an id of digits',
  });

export const transactionIdSchema = rowId.transform((id) => id as TransactionId);
export const grantIdSchema = rowId.transform((id) => id as GrantId);
export const holdIdSchema = rowId.transform((id) => id as HoldId);

/** The product's own user id: 1 to 200 characters, none of them a control character. */
export const customerIdSchema = z
  .string()
  .min(1)
  .max(200)
  .refine((id) => !CONTROL_CHARACTERS.test(id), { error: 'must not contain control characters' })
  .transform((id) => id as CustomerId);

/** Made once when a form opens, kept until its outcome is known; a repeat with the same key posts nothing new. */
export const idempotencyKeySchema = z.string().regex(/^[A-Za-z0-9_-]{8,100}$/);
