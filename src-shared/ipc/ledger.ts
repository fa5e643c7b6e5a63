import { z } from 'zod';
import { creditsSchema, positiveCreditsSchema } from '../credits.ts';
import {
  customerIdSchema,
  grantIdSchema,
  holdIdSchema,
  idempotencyKeySchema,
  transactionIdSchema,
} from '../ids.ts';
import { instantSchema } from '../time.ts';
import { command, query } from './procedure.ts';
import {
  balanceSchema,
  confirmedProductionField,
  grantSchema,
  MANUAL_GRANT_TYPES,
  reasonFields,
  transactionSchema,
} from './vocabulary.ts';

const grantFields = {
  customerId: customerIdSchema,
  type: z.enum(MANUAL_GRANT_TYPES),
  amount: positiveCreditsSchema,
  /** null: never expires. */
  expiresAt: instantSchema.nullable(),
  /** Lower burns first. */
  priority: z.number().int().min(0).max(1000),
};
const adjustDownFields = {
  customerId: customerIdSchema,
  /** Credits to take away, as a positive number. */
  amount: positiveCreditsSchema,
};
const reverseFields = {
  customerId: customerIdSchema,
  transactionId: transactionIdSchema,
  /** null: all that is left of it. */
  amount: positiveCreditsSchema.nullable(),
};
const extendFields = {
  customerId: customerIdSchema,
  grantId: grantIdSchema,
  expiresAt: instantSchema,
};
const releaseFields = { customerId: customerIdSchema, holdId: holdIdSchema };

const posted = z.strictObject({ transaction: transactionSchema, balance: balanceSchema });
const keyed = {
  idempotencyKey: idempotencyKeySchema,
  ...reasonFields,
  ...confirmedProductionField,
};

export const ledgerProcedures = {
  /** Grants credits by hand. Errors: those of add_credits. */
  'ledger.grant': command({ input: z.strictObject({ ...grantFields, ...keyed }), output: posted }),
  /** Takes credits away by hand. Errors: those of adjust_credits. */
  'ledger.adjustDown': command({
    input: z.strictObject({ ...adjustDownFields, ...keyed }),
    output: posted,
  }),
  /** Undoes a transaction, whole or in part. Errors: those of reverse_transaction. */
  'ledger.reverse': command({
    input: z.strictObject({ ...reverseFields, ...keyed }),
    output: posted,
  }),
  /** Moves a grant's expiry to a later instant; naturally idempotent. Errors: those of extend_grant. */
  'ledger.extendGrant': command({
    input: z.strictObject({ ...extendFields, ...reasonFields, ...confirmedProductionField }),
    output: z.strictObject({ grant: grantSchema, balance: balanceSchema }),
  }),
  /** Gives held credits back to the customer. Errors: hold_closed, not_found. */
  'ledger.releaseHold': command({
    input: z.strictObject({ ...releaseFields, ...reasonFields, ...confirmedProductionField }),
    output: z.strictObject({ balance: balanceSchema }),
  }),
  /** The same call, rolled back: the balance and grants before and as they would be. Errors: those of the act itself. */
  'ledger.preview': query({
    input: z.discriminatedUnion('act', [
      z.strictObject({ act: z.literal('grant'), ...grantFields }),
      z.strictObject({ act: z.literal('adjustDown'), ...adjustDownFields }),
      z.strictObject({ act: z.literal('reverse'), ...reverseFields }),
      z.strictObject({ act: z.literal('extendGrant'), ...extendFields }),
      z.strictObject({ act: z.literal('releaseHold'), ...releaseFields }),
    ]),
    output: z.strictObject({
      before: balanceSchema,
      after: balanceSchema,
      /** Grants that change, are made or are used up, in burn order of afterwards. `null`: not there. */
      grants: z.array(
        z.strictObject({
          id: grantIdSchema,
          source: grantSchema.shape.source,
          description: z.string(),
          remainingBefore: creditsSchema.nullable(),
          remainingAfter: creditsSchema,
          expiresAtBefore: instantSchema.nullable(),
          expiresAtAfter: instantSchema.nullable(),
        }),
      ),
      /** What else would be written first, such as credits that are due to expire. */
      alsoPosts: z.array(
        z.strictObject({ type: transactionSchema.shape.type, amount: creditsSchema }),
      ),
    }),
  }),
};
