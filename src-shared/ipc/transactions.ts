import { z } from 'zod';
import { creditsSchema, positiveCreditsSchema } from '../credits.ts';
import { customerIdSchema, grantIdSchema, transactionIdSchema } from '../ids.ts';
import { instantSchema, timeZoneSchema } from '../time.ts';
import { command, query } from './procedure.ts';
import {
  countSchema,
  cursorSchema,
  transactionSchema,
  transactionTypeSchema,
} from './vocabulary.ts';

export const transactionFilterSchema = z.strictObject({
  types: z.array(transactionTypeSchema).max(9).optional(),
  feature: z.string().max(200).optional(),
  actor: z.string().max(200).optional(),
  /** Bounds on the size of the movement without its sign, both inclusive. */
  amountMin: positiveCreditsSchema.optional(),
  amountMax: positiveCreditsSchema.optional(),
  /** Inclusive. */
  from: instantSchema.optional(),
  /** Exclusive. */
  to: instantSchema.optional(),
  /** Any part of the description, or a whole transaction, customer, payment id or idempotency key. */
  text: z.string().max(200).optional(),
  customerId: customerIdSchema.optional(),
});
export type TransactionFilter = z.output<typeof transactionFilterSchema>;

export const transactionsProcedures = {
  /** The log over all customers, newest first by (createdAt, id), keyset-paged. */
  'transactions.list': query({
    input: z.strictObject({
      filter: transactionFilterSchema,
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({ rows: z.array(transactionSchema), nextCursor: cursorSchema }),
  }),
  /** How many match, counted to 1,000. */
  'transactions.count': query({
    input: z.strictObject({ filter: transactionFilterSchema }),
    output: countSchema,
  }),
  /** One transaction, the grants it made or was paid from, and its reversals. Errors: not_found. */
  'transactions.get': query({
    input: z.strictObject({ customerId: customerIdSchema, transactionId: transactionIdSchema }),
    output: z.strictObject({
      transaction: transactionSchema,
      metadata: z.record(z.string(), z.unknown()),
      /** Which grants paid it (positive) or got credits back (negative). */
      consumptions: z.array(
        z.strictObject({
          grantId: grantIdSchema,
          source: transactionTypeSchema,
          description: z.string(),
          amount: creditsSchema,
          expiresAt: instantSchema.nullable(),
        }),
      ),
      /** The grants this transaction made. */
      grants: z.array(
        z.strictObject({
          grantId: grantIdSchema,
          granted: creditsSchema,
          remaining: creditsSchema,
          expiresAt: instantSchema.nullable(),
        }),
      ),
      reversals: z.array(
        z.strictObject({
          transactionId: transactionIdSchema,
          amount: creditsSchema,
          description: z.string(),
          actor: z.string(),
          createdAt: instantSchema,
        }),
      ),
      /** What a reversal could still undo: 0 where nothing is left or the type cannot be reversed. */
      reversible: creditsSchema,
    }),
  }),
  /** The features and actors seen in the log, for the filters (at most 200 each). */
  'transactions.facets': query({
    input: z.strictObject({}),
    output: z.strictObject({ features: z.array(z.string()), actors: z.array(z.string()) }),
  }),
  /**
   * Writes the current filter's rows to a CSV file that the person chooses in a save dialog; streamed, progress as
   * `export.progress` events under the same exportId. Answers when it ended. Errors: cancelled, file_error.
   */
  'transactions.export': command({
    input: z.strictObject({
      exportId: z.uuid(),
      filter: transactionFilterSchema,
      timeZone: timeZoneSchema,
    }),
    output: z.discriminatedUnion('outcome', [
      z.strictObject({ outcome: z.literal('written'), path: z.string(), rows: z.number().int() }),
      z.strictObject({ outcome: z.literal('dismissed') }),
    ]),
  }),
  /** Stops a running export and removes its unfinished file. Harmless when it has ended. */
  'transactions.cancelExport': command({
    input: z.strictObject({ exportId: z.uuid() }),
    output: z.strictObject({}),
  }),
};
