import { z } from 'zod';
import { instantSchema } from '../time.ts';
import { command, query } from './procedure.ts';
import {
  confirmedProductionField,
  countSchema,
  cursorSchema,
  transactionSchema,
} from './vocabulary.ts';

export const CLAWBACK_POLICIES = ['remaining', 'debt'] as const;
export type ClawbackPolicy = (typeof CLAWBACK_POLICIES)[number];

/** What the connected workspace talks to. */
export const STRIPE_MODES = ['none', 'simulator', 'test', 'live'] as const;
export type StripeMode = (typeof STRIPE_MODES)[number];

export const stripeStatusSchema = z.strictObject({
  mode: z.enum(STRIPE_MODES),
  accountId: z.string().nullable(),
  accountName: z.string().nullable(),
  /** Kind and place of the key; its text never leaves main. Null for the simulator and where there is none. */
  key: z
    .strictObject({
      kind: z.enum(['secret', 'restricted']),
      /** Where it is kept; missing: it has to be entered again. */
      place: z.enum(['key_store', 'memory', 'missing']),
    })
    .nullable(),
  /** True once live keys were allowed for this connection. */
  liveEnabled: z.boolean(),
  /** Set where the account cannot be used, such as that this workspace belongs to another one. */
  problem: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  /** The account that this workspace is bound to, where it is another one than the key's. */
  boundAccountId: z.string().nullable(),
  boundAt: instantSchema.nullable(),
  refundPolicy: z.enum(CLAWBACK_POLICIES),
  disputePolicy: z.enum(CLAWBACK_POLICIES),
  polling: z.strictObject({
    /** off: this console's role does not handle events, or nothing is connected; elsewhere: another one holds the lease. */
    state: z.enum(['on', 'off', 'elsewhere']),
    lastAt: instantSchema.nullable(),
    error: z.string().nullable(),
  }),
  webhook: z.strictObject({
    /** http://127.0.0.1:PORT/stripe/webhook while the receiver runs. */
    url: z.string().nullable(),
    secret: z.enum(['key_store', 'memory', 'missing']),
    error: z.string().nullable(),
  }),
  /** http://127.0.0.1:PORT of the built-in simulator while it runs. */
  simulatorUrl: z.string().nullable(),
  /** Events that wait, that will be tried again, and that need a person. */
  inbox: z.strictObject({
    waiting: z.number().int(),
    failed: z.number().int(),
    refused: z.number().int(),
  }),
});
export type StripeStatus = z.output<typeof stripeStatusSchema>;

export const EVENT_STATES = ['received', 'handled', 'ignored', 'failed', 'refused'] as const;
export type EventState = (typeof EVENT_STATES)[number];

export const stripeEventSchema = z.strictObject({
  id: z.string(),
  type: z.string(),
  objectId: z.string().nullable(),
  livemode: z.boolean(),
  /** By Stripe's clock. */
  createdAt: instantSchema,
  receivedAt: instantSchema,
  receivedBy: z.enum(['poll', 'webhook']),
  state: z.enum(EVENT_STATES),
  attempts: z.number().int(),
  nextAttemptAt: instantSchema.nullable(),
  errorCode: z.string().nullable(),
  error: z.string().nullable(),
  /** What came of it, in a sentence. */
  outcome: z.string().nullable(),
  handledAt: instantSchema.nullable(),
});
export type StripeEventRow = z.output<typeof stripeEventSchema>;

export const stripeProcedures = {
  /** What is connected and how it is doing. Asks nothing of Stripe. */
  'stripe.status': query({ input: z.strictObject({}), output: stripeStatusSchema }),
  /**
   * Verifies a key with Stripe, keeps it in the key store and makes it this connection's. `rebind`: yes, this workspace
   * belongs to that account from now on. Errors: stripe_key_invalid, stripe_live_disabled, stripe_other_account, stripe_unavailable …
   */
  'stripe.connect': command({
    input: z.strictObject({
      key: z.string().min(1).max(300),
      rebind: z.boolean(),
      ...confirmedProductionField,
    }),
    output: stripeStatusSchema,
  }),
  /**
   * Forgets the key of this connection and its webhook's secret. A local connection then has its simulator; `rebind`: this
   * workspace belongs to the simulator from now on (asked where status.problem is stripe_other_account), unless it is a live one's.
   */
  'stripe.disconnect': command({
    input: z.strictObject({ rebind: z.boolean().optional() }),
    output: stripeStatusSchema,
  }),
  /** Allows live keys for this connection; the person typed LIVE. */
  'stripe.enableLive': command({
    input: z.strictObject({ word: z.literal('LIVE') }),
    output: stripeStatusSchema,
  }),
  /** What happens to credits when money goes back without a request of the console; what is not named stays. */
  'stripe.setPolicies': command({
    input: z.strictObject({
      refundPolicy: z.enum(CLAWBACK_POLICIES).optional(),
      disputePolicy: z.enum(CLAWBACK_POLICIES).optional(),
      ...confirmedProductionField,
    }),
    output: stripeStatusSchema,
  }),
  /** Keeps the secret of a webhook endpoint (null: forgets it) and starts or stops the receiver on this computer. */
  'stripe.setWebhookSecret': command({
    input: z.strictObject({ secret: z.string().min(1).max(300).nullable() }),
    output: stripeStatusSchema,
  }),
  /** Reads Stripe's events now instead of with the next poll. */
  'stripe.pollNow': command({ input: z.strictObject({}), output: stripeStatusSchema }),
  /** Opens the simulator's own page in the browser. */
  'stripe.openSimulator': command({ input: z.strictObject({}), output: z.strictObject({}) }),

  /** The inbox, newest first. */
  'stripe.events': query({
    input: z.strictObject({
      filter: z.strictObject({
        states: z.array(z.enum(EVENT_STATES)).max(5).optional(),
        types: z.array(z.string().max(100)).max(50).optional(),
        /** An event's or object's id, or part of a type. */
        search: z.string().max(200).optional(),
      }),
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({
      rows: z.array(stripeEventSchema),
      nextCursor: cursorSchema,
      count: countSchema,
    }),
  }),
  'stripe.eventTypes': query({
    input: z.strictObject({}),
    output: z.strictObject({ types: z.array(z.string()) }),
  }),
  /** One event with its payload and the ledger's rows that came of it. Errors: not_found. */
  'stripe.event': query({
    input: z.strictObject({ id: z.string().min(1).max(255) }),
    output: z.strictObject({
      event: stripeEventSchema,
      /** Indented JSON as it was received. */
      payload: z.string(),
      transactions: z.array(transactionSchema),
    }),
  }),
  /** Handles an event once more, whatever its state: Stripe's object is fetched again. Errors: not_found, not_permitted. */
  'stripe.replayEvent': command({
    input: z.strictObject({ id: z.string().min(1).max(255), ...confirmedProductionField }),
    output: z.strictObject({ event: stripeEventSchema }),
  }),
};
