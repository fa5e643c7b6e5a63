import { z } from 'zod';
import { customerIdSchema, idempotencyKeySchema } from '../ids.ts';
import { meteredPriceSchema, tiersSchema } from '../metered-price.ts';
import { currencySchema, signedMoneySchema } from '../money.ts';
import { requiredText } from '../text.ts';
import { daySchema, instantSchema } from '../time.ts';
import { catalogIdSchema } from './catalog.ts';
import { command, query } from './procedure.ts';
import { confirmedProductionField, cursorSchema, reasonFields } from './vocabulary.ts';

/** How Stripe makes one number of a period's events: their sum, how many they are, or the newest value. */
export const METER_FORMULAS = ['sum', 'count', 'last'] as const;
export type MeterFormula = (typeof METER_FORMULAS)[number];

export const METER_EVENT_STATES = [
  'queued',
  'sent',
  'duplicate',
  'rejected',
  'too_old',
  'unclear',
  'cancelling',
  'cancelled',
] as const;
export type MeterEventState = (typeof METER_EVENT_STATES)[number];

/** A meter's name in reports of usage, fixed for good. */
export const eventNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/, {
  error: 'must be letters, digits and . _ : -, at most 100, beginning with a letter or digit',
});

/** Whole units of usage: at most 15 digits, as Stripe takes them. */
export const unitsSchema = z
  .number()
  .refine((value) => Number.isSafeInteger(value) && value >= 0 && value <= 999_999_999_999_999, {
    error: 'must be a whole number of units, at most 15 digits',
  });

/** Units of many reports together: more than 2^53 − 1 are told as so many. */
const totalUnitsSchema = z.number().int().min(0);

/** unlinked: not in the connected Stripe account yet; differs: archived in one place and not in the other. */
const linkSchema = z.strictObject({
  state: z.enum(['unlinked', 'current', 'differs']),
  stripeId: z.string().nullable(),
  /** Where Stripe's dashboard shows it; null in the simulator. */
  stripeUrl: z.string().nullable(),
});

export const meterSchema = z.strictObject({
  eventName: z.string(),
  name: z.string(),
  formula: z.enum(METER_FORMULAS),
  active: z.boolean(),
  link: linkSchema,
  changedAt: instantSchema,
  changedBy: z.string(),
});
export type Meter = z.output<typeof meterSchema>;

export const listedPriceSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  eventName: z.string(),
  ...meteredPriceSchema.shape,
  active: z.boolean(),
  link: linkSchema,
  changedAt: instantSchema,
  changedBy: z.string(),
});
export type ListedPrice = z.output<typeof listedPriceSchema>;

/** Uses of a feature that a meter counts: instead of the deduction (report), or besides it (both). */
export const featureMeterSchema = z.strictObject({
  feature: z.string(),
  /** Null: customers on every plan and on none. The row of the plan itself goes before that one. */
  planTier: z.string().nullable(),
  eventName: z.string(),
  mode: z.enum(['report', 'both']),
});
export type FeatureMeter = z.output<typeof featureMeterSchema>;

const meteringCatalogSchema = z.strictObject({
  meters: z.array(meterSchema),
  prices: z.array(listedPriceSchema),
  featureMeters: z.array(featureMeterSchema),
  /** Active features that can be bound. */
  features: z.array(z.string()),
});
export type MeteringCatalog = z.output<typeof meteringCatalogSchema>;

/** What is sent to Stripe: one report, or, of a meter that sums, those of one customer and minute. */
export const meterEventSchema = z.strictObject({
  id: z.uuid(),
  identifier: z.string(),
  customerId: customerIdSchema,
  customerName: z.string().nullable(),
  eventName: z.string(),
  value: unitsSchema,
  /** How many reports it carries. */
  reports: z.number().int(),
  occurredAt: instantSchema,
  state: z.enum(METER_EVENT_STATES),
  attempts: z.number().int(),
  sentAt: instantSchema.nullable(),
  nextAttemptAt: instantSchema.nullable(),
  /** Until when it can be cancelled; null where it cannot. Not yet sent events have no end. */
  cancellableUntil: instantSchema.nullable(),
  /** True where it can be cancelled now. */
  cancellable: z.boolean(),
  error: z.string().nullable(),
  cancelReason: z.string().nullable(),
  cancelledBy: z.string().nullable(),
});
export type MeterEvent = z.output<typeof meterEventSchema>;

/** How far what was reported is from Stripe. */
const backlogSchema = z.strictObject({
  /** Reports that no event carries yet: their minute is not over, or their customer has no Stripe customer. */
  waitingReports: z.number().int(),
  queued: z.number().int(),
  rejected: z.number().int(),
  tooOld: z.number().int(),
  unclear: z.number().int(),
  /** When the oldest report that Stripe does not have yet was made; null: nothing waits. */
  oldestAt: instantSchema.nullable(),
  lastSentAt: instantSchema.nullable(),
  /** What sending or asking for errors last met; null where it went well. */
  error: z.string().nullable(),
});
export type Backlog = z.output<typeof backlogSchema>;

export const subscriptionItemSchema = z.strictObject({
  id: z.string(),
  priceId: z.string(),
  /** The plan's or metered price's name; Stripe's price id where it is none of the catalog's. */
  name: z.string(),
  planTier: z.string().nullable(),
  meteredPriceId: z.string().nullable(),
  eventName: z.string().nullable(),
  currentPeriodStart: instantSchema,
  currentPeriodEnd: instantSchema,
});
export type SubscriptionItem = z.output<typeof subscriptionItemSchema>;

export const meteredSubscriptionSchema = z.strictObject({
  id: z.string(),
  stripeUrl: z.string().nullable(),
  status: z.string(),
  cancelAtPeriodEnd: z.boolean(),
  cancelAt: instantSchema.nullable(),
  items: z.array(subscriptionItemSchema),
});
export type MeteredSubscription = z.output<typeof meteredSubscriptionSchema>;

/** Usage of one customer and meter in one period, as the console knows it. Numbers follow the meter's formula. */
export const usagePositionSchema = z.strictObject({
  /** The item's period; without one, the last 30 days. Whole minutes: Stripe's summaries know nothing finer. */
  periodStart: instantSchema,
  periodEnd: instantSchema,
  /** Everything that was reported, but for what was cancelled. */
  reported: totalUnitsSchema,
  /** Of it: taken by Stripe; waiting or being sent; rejected; too old to be sent; not known whether Stripe has it. */
  delivered: totalUnitsSchema,
  waiting: totalUnitsSchema,
  rejected: totalUnitsSchema,
  tooOld: totalUnitsSchema,
  unclear: totalUnitsSchema,
  cancelled: totalUnitsSchema,
});
export type UsagePosition = z.output<typeof usagePositionSchema>;

const customerMeteringSchema = z.strictObject({
  stripeCustomerId: z.string().nullable(),
  subscriptions: z.array(meteredSubscriptionSchema),
  /** One for each metered item, and for each meter that has reports without one. */
  usage: z.array(
    z.strictObject({
      eventName: z.string(),
      meterName: z.string(),
      formula: z.enum(METER_FORMULAS),
      subscriptionId: z.string().nullable(),
      itemId: z.string().nullable(),
      meteredPriceId: z.string().nullable(),
      position: usagePositionSchema,
    }),
  ),
});
export type CustomerMetering = z.output<typeof customerMeteringSchema>;

const stripeUsageSchema = z.strictObject({
  position: usagePositionSchema,
  /** Stripe's summary of the same period. */
  summary: z.number(),
  /** reported − summary, and where it comes from, the largest part first. Empty where they agree. */
  difference: z.number(),
  causes: z.array(
    z.strictObject({
      /**
       * not_sent: still here; not_aggregated: Stripe took it and its summary lags; rejected, too_old, unclear: as the events'
       * states; not_in_stripe: taken long ago and not in the summary; not_from_here: Stripe counted usage that others sent.
       */
      cause: z.enum([
        'not_sent',
        'not_aggregated',
        'rejected',
        'too_old',
        'unclear',
        'not_in_stripe',
        'not_from_here',
      ]),
      /** Null where a number says nothing: of a meter that takes the newest value. */
      units: z.number().nullable(),
    }),
  ),
  /** Days of the period in UTC, oldest first: what was reported, and Stripe's summary of the day. */
  days: z.array(
    z.strictObject({ day: daySchema, reported: totalUnitsSchema, summary: z.number() }),
  ),
});
export type StripeUsage = z.output<typeof stripeUsageSchema>;

/** What an invoice would be now: Stripe's own preview. */
const projectedInvoiceSchema = z.strictObject({
  total: signedMoneySchema,
  lines: z.array(
    z.strictObject({
      description: z.string(),
      quantity: z.number().nullable(),
      /** Minor units of one unit as an exact decimal; null where Stripe does not say. */
      unitAmount: z.string().nullable(),
      amount: signedMoneySchema,
      priceId: z.string().nullable(),
      periodStart: instantSchema,
      periodEnd: instantSchema,
    }),
  ),
});
export type ProjectedInvoice = z.output<typeof projectedInvoiceSchema>;

export const meteringProcedures = {
  /** Meters, metered prices and bound features, as the database knows them; asks nothing of Stripe. */
  'metering.catalog': query({ input: z.strictObject({}), output: meteringCatalogSchema }),
  /** Makes a meter here and in Stripe. Errors: invalid_argument (the event name is taken), stripe_*. */
  'metering.createMeter': command({
    input: z.strictObject({
      eventName: eventNameSchema,
      name: requiredText(100),
      formula: z.enum(METER_FORMULAS),
      ...confirmedProductionField,
    }),
    output: meteringCatalogSchema,
  }),
  /** An inactive meter takes no reports. Refused while an active price or a feature is on it. Errors: not_found, invalid_argument, stripe_*. */
  'metering.setMeterActive': command({
    input: z.strictObject({
      eventName: eventNameSchema,
      active: z.boolean(),
      ...confirmedProductionField,
    }),
    output: meteringCatalogSchema,
  }),
  /** Makes a metered price here and in Stripe. Errors: invalid_argument (id taken, no such meter), stripe_*. */
  'metering.createPrice': command({
    input: z.strictObject({
      id: catalogIdSchema,
      name: requiredText(100),
      eventName: eventNameSchema,
      currency: currencySchema,
      interval: z.enum(['month', 'year']),
      tiers: tiersSchema,
      ...confirmedProductionField,
    }),
    output: meteringCatalogSchema,
  }),
  /** An inactive price is sold to nobody else; who has it keeps it. Errors: not_found, stripe_*. */
  'metering.setPriceActive': command({
    input: z.strictObject({
      id: catalogIdSchema,
      active: z.boolean(),
      ...confirmedProductionField,
    }),
    output: meteringCatalogSchema,
  }),
  /** Makes Stripe agree with the console, for meters and prices; safe to repeat. Errors: stripe_*. */
  'metering.sync': command({
    input: z.strictObject({ ...confirmedProductionField }),
    output: meteringCatalogSchema,
  }),
  /** Binds a feature to a meter that sums; mode null takes the binding away. Errors: not_found, invalid_argument. */
  'metering.bindFeature': command({
    input: z.strictObject({
      feature: z.string().min(1).max(200),
      planTier: z.string().min(1).max(100).nullable(),
      eventName: eventNameSchema,
      mode: z.enum(['report', 'both']).nullable(),
      ...confirmedProductionField,
    }),
    output: meteringCatalogSchema,
  }),

  /** A customer's subscriptions with their items, and usage by meter, from the database alone. Errors: not_found. */
  'metering.customer': query({
    input: z.strictObject({ customerId: customerIdSchema }),
    output: customerMeteringSchema,
  }),
  /** Stripe's summary beside the console's numbers (itemId null: the last 30 days). Errors: not_found, stripe_*. */
  'metering.usage': query({
    input: z.strictObject({
      customerId: customerIdSchema,
      eventName: eventNameSchema,
      itemId: z.string().min(1).max(255).nullable(),
    }),
    output: stripeUsageSchema,
  }),
  /** What the subscription's next invoice would be now. Errors: not_found, stripe_*. */
  'metering.projectedInvoice': query({
    input: z.strictObject({ subscriptionId: z.string().min(1).max(255) }),
    output: projectedInvoiceSchema,
  }),
  /**
   * Puts a customer on a metered price: as an item of a running subscription, else as a subscription of its own. `key` makes a
   * repeat go on where it stopped. A plan together with a metered price is sold by link: `billing.startCheckout`.
   * Errors: not_found, invalid_argument (not for sale, on it already), stripe_*.
   */
  'metering.subscribe': command({
    input: z.strictObject({
      customerId: customerIdSchema,
      meteredPriceId: catalogIdSchema,
      /** The running subscription that gets the item; null: a new one. */
      subscriptionId: z.string().min(1).max(255).nullable(),
      /** How a new one is paid: from the saved payment method, or by an invoice that is due 30 days later. */
      collection: z.enum(['charge_automatically', 'send_invoice']),
      key: idempotencyKeySchema,
      ...confirmedProductionField,
    }),
    output: customerMeteringSchema,
  }),
  /** Ends a subscription now (its usage is billed at once) or with its period, or takes that back (keep). Errors: not_found, stripe_*. */
  'metering.cancelSubscription': command({
    input: z.strictObject({
      customerId: customerIdSchema,
      subscriptionId: z.string().min(1).max(255),
      when: z.enum(['now', 'period_end', 'keep']),
      ...confirmedProductionField,
    }),
    output: customerMeteringSchema,
  }),

  /** Meter events, newest first. */
  'metering.events': query({
    input: z.strictObject({
      filter: z.strictObject({
        customerId: customerIdSchema.optional(),
        eventName: eventNameSchema.optional(),
        /** problems: rejected, too old or unclear; waiting: queued or being cancelled. */
        show: z.enum(['all', 'waiting', 'problems']),
      }),
      cursor: cursorSchema,
      limit: z.number().int().min(1).max(200),
    }),
    output: z.strictObject({
      rows: z.array(meterEventSchema),
      nextCursor: cursorSchema,
      backlog: backlogSchema,
    }),
  }),
  /** Sends everything that waits now, also of the minute that is not over. Errors: stripe_*. */
  'metering.sendNow': command({ input: z.strictObject({}), output: backlogSchema }),
  /** A correction upwards: reports usage, with a reason. Errors: not_found, invalid_argument, idempotency_conflict. */
  'metering.addUsage': command({
    input: z.strictObject({
      customerId: customerIdSchema,
      eventName: eventNameSchema,
      quantity: unitsSchema,
      occurredAt: instantSchema.nullable(),
      idempotencyKey: idempotencyKeySchema,
      ...reasonFields,
      ...confirmedProductionField,
    }),
    output: z.strictObject({ reportId: z.string() }),
  }),
  /**
   * A correction downwards: takes one event back, with a reason; within a day of Stripe's receipt. Errors: not_found,
   * invalid_argument (too late, or in another state), stripe_* (it is tried again by itself).
   */
  'metering.cancelEvent': command({
    input: z.strictObject({
      id: z.uuid(),
      reason: requiredText(1000),
      ...confirmedProductionField,
    }),
    output: z.strictObject({ event: meterEventSchema }),
  }),
  /** Decides about an event: a rejected one is sent again under a new identifier, an unclear one too or counted as sent. Errors: not_found, invalid_argument. */
  'metering.settleEvent': command({
    input: z.strictObject({
      id: z.uuid(),
      as: z.enum(['send_again', 'sent']),
      ...confirmedProductionField,
    }),
    output: z.strictObject({ event: meterEventSchema }),
  }),
};
