import { z } from 'zod';
import { creditsSchema } from '../credits.ts';
import { customerIdSchema, grantIdSchema, transactionIdSchema } from '../ids.ts';
import { optionalText, requiredText } from '../text.ts';
import { daySchema, instantSchema, timeZoneSchema } from '../time.ts';
import { command, query } from './procedure.ts';
import {
  balanceSchema,
  countSchema,
  cursorSchema,
  grantSchema,
  holdSchema,
  transactionSchema,
  transactionTypeSchema,
} from './vocabulary.ts';

export const CUSTOMER_SORTS = ['name', 'balance', 'last_activity', 'created'] as const;
export const BALANCE_FILTERS = ['low', 'zero', 'negative'] as const;

/** Lists that are not paged end after so many of the newest; a screen says so where one is that long. */
export const NOTES_MAX = 100;
export const CLOSED_GRANTS_MAX = 100;
export const GRANT_CHANGES_MAX = 100;

export const customerFilterSchema = z.strictObject({
  /** Any part of name, e-mail, id or Stripe id from 3 letters; the beginning of one below that. */
  search: z.string().max(200).optional(),
  balance: z.enum(BALANCE_FILTERS).optional(),
  plan: z.string().max(100).optional(),
});

export const customerRowSchema = z.strictObject({
  id: customerIdSchema,
  name: z.string().nullable(),
  email: z.string().nullable(),
  stripeCustomerId: z.string().nullable(),
  plan: z.string().nullable(),
  balance: creditsSchema,
  held: creditsSchema,
  lastActivityAt: instantSchema.nullable(),
  createdAt: instantSchema,
});
export type CustomerRow = z.output<typeof customerRowSchema>;

export const noteSchema = z.strictObject({
  id: z.string(),
  text: z.string(),
  actor: z.string(),
  createdAt: instantSchema,
});

export const customersProcedures = {
  /** One page of customers with their balances, at most `limit` rows, keyset-paged. */
  'customers.list': query({
    input: z.strictObject({
      filter: customerFilterSchema,
      sort: z.enum(CUSTOMER_SORTS),
      descending: z.boolean(),
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({
      rows: z.array(customerRowSchema),
      nextCursor: cursorSchema,
      /** Only with the first page (cursor null). */
      total: countSchema.nullable(),
    }),
  }),
  /** The plan tiers in use, for the filter. */
  'customers.plans': query({
    input: z.strictObject({}),
    output: z.strictObject({ plans: z.array(z.string()) }),
  }),
  /** One customer: the record, the balance and the newest notes. Errors: not_found. */
  'customers.get': query({
    input: z.strictObject({ customerId: customerIdSchema }),
    output: z.strictObject({
      id: customerIdSchema,
      name: z.string().nullable(),
      email: z.string().nullable(),
      stripeCustomerId: z.string().nullable(),
      plan: z.string().nullable(),
      lowBalanceThreshold: creditsSchema.nullable(),
      metadata: z.record(z.string(), z.unknown()),
      createdAt: instantSchema,
      lastActivityAt: instantSchema.nullable(),
      balance: balanceSchema,
      /** Newest first, at most NOTES_MAX. */
      notes: z.array(noteSchema),
    }),
  }),
  /** Makes a customer, or fills what is missing of an existing one. Errors: already_processed (Stripe id of another). */
  'customers.ensure': command({
    input: z.strictObject({
      id: customerIdSchema,
      name: optionalText(200),
      email: optionalText(320),
      stripeCustomerId: optionalText(255),
      plan: optionalText(100),
    }),
    output: z.strictObject({ id: customerIdSchema }),
  }),
  /** Adds a note to the customer's record; notes are never changed. Errors: not_found. */
  'customers.addNote': command({
    input: z.strictObject({ customerId: customerIdSchema, text: requiredText(4000) }),
    output: noteSchema,
  }),
  /** Open grants in burn order, closed ones newest first, and open holds: why the balance is what it is. */
  'customers.credits': query({
    input: z.strictObject({ customerId: customerIdSchema }),
    output: z.strictObject({
      balance: balanceSchema,
      openGrants: z.array(grantSchema),
      /** Newest first, at most CLOSED_GRANTS_MAX. */
      closedGrants: z.array(grantSchema),
      holds: z.array(holdSchema),
      /** Credits owed after a clawback under policy debt, as a positive number; 0 without debt. */
      debt: creditsSchema,
    }),
  }),
  /** The debits that one grant paid and the reversals that put credits back on it, newest first, keyset-paged. */
  'customers.grantDebits': query({
    input: z.strictObject({
      customerId: customerIdSchema,
      grantId: grantIdSchema,
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({
      rows: z.array(
        z.strictObject({
          transactionId: transactionIdSchema,
          type: transactionTypeSchema,
          description: z.string(),
          feature: z.string().nullable(),
          /** Positive: taken from the grant; negative: put back by a reversal. */
          amount: creditsSchema,
          createdAt: instantSchema,
        }),
      ),
      nextCursor: cursorSchema,
    }),
  }),
  /** The expiry changes of a customer's grants, newest first, at most GRANT_CHANGES_MAX: who moved which expiry, and why. */
  'customers.grantChanges': query({
    input: z.strictObject({ customerId: customerIdSchema }),
    output: z.strictObject({
      rows: z.array(
        z.strictObject({
          grantId: grantIdSchema,
          expiresAtBefore: instantSchema,
          expiresAtAfter: instantSchema,
          reason: z.string(),
          actor: z.string(),
          createdAt: instantSchema,
        }),
      ),
    }),
  }),
  /** One customer's newest transactions, keyset-paged by id. */
  'customers.transactions': query({
    input: z.strictObject({
      customerId: customerIdSchema,
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({ rows: z.array(transactionSchema), nextCursor: cursorSchema }),
  }),
  /** Credits used by day and feature, usage transactions only, days cut in the time zone. Features beyond the five largest are `null` (Other). */
  'customers.usage': query({
    input: z.strictObject({
      customerId: customerIdSchema,
      from: daySchema,
      to: daySchema,
      timeZone: timeZoneSchema,
    }),
    output: z.strictObject({
      rows: z.array(
        z.strictObject({ day: daySchema, feature: z.string().nullable(), used: creditsSchema }),
      ),
    }),
  }),
};
