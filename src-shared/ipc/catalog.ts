import { z } from 'zod';
import { creditsSchema, positiveCreditsSchema } from '../credits.ts';
import { AMOUNT_MINOR_MAX, amountMinorSchema, currencySchema, moneySchema } from '../money.ts';
import { requiredText } from '../text.ts';
import { instantSchema } from '../time.ts';
import { thresholdSchema } from './alerts.ts';
import { command, query } from './procedure.ts';
import { confirmedProductionField } from './vocabulary.ts';

export const ROLLOVER_RULES = ['expire', 'keep', 'cap'] as const;
export type RolloverRule = (typeof ROLLOVER_RULES)[number];

/** What a package or plan is called in Stripe's lookup keys: small letters, digits and underscores. */
export const catalogIdSchema = z.string().regex(/^[a-z0-9][a-z0-9_]{0,59}$/, {
  error: 'must be small letters, digits and underscores, at most 60',
});

const priceMinorSchema = amountMinorSchema.refine((value) => value <= AMOUNT_MINOR_MAX, {
  error: 'is more than Stripe takes at once',
});

/** How an item of the catalog stands in the connected Stripe account. */
export const catalogLinkSchema = z.strictObject({
  /**
   * unlinked: not in Stripe yet; current: as in the console; changed: the console's version is newer than Stripe's;
   * drifted: Stripe's was changed there; not_sold: a plan without a price.
   */
  state: z.enum(['unlinked', 'current', 'changed', 'drifted', 'not_sold']),
  productId: z.string().nullable(),
  priceId: z.string().nullable(),
  /** What differs, a plain sentence each, such as "Stripe has USD 12.00, the console USD 9.99". */
  differences: z.array(z.string()),
});
export type CatalogLink = z.output<typeof catalogLinkSchema>;

export const creditPackageSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  credits: creditsSchema,
  price: moneySchema,
  active: z.boolean(),
  changedAt: instantSchema,
  changedBy: z.string(),
  link: catalogLinkSchema,
});
export type CreditPackage = z.output<typeof creditPackageSchema>;

export const planSchema = z.strictObject({
  tier: z.string(),
  name: z.string(),
  monthlyCredits: creditsSchema,
  rollover: z.enum(ROLLOVER_RULES),
  /** Credits of earlier periods that stay, where rollover is cap. */
  rolloverCap: creditsSchema.nullable(),
  /** A month's price; null: not sold through Stripe. */
  price: moneySchema.nullable(),
  active: z.boolean(),
  /** Customers on the plan get its credits each month also without a subscription in Stripe (a free tier). */
  allocatesWithoutSubscription: z.boolean(),
  /** Below this balance its customers count as low; null: as the workspace says. */
  lowBalanceThreshold: creditsSchema.nullable(),
  changedAt: instantSchema,
  changedBy: z.string(),
  link: catalogLinkSchema,
});
export type Plan = z.output<typeof planSchema>;

const catalogSchema = z.strictObject({
  packages: z.array(creditPackageSchema),
  plans: z.array(planSchema),
  /** When the catalog was last compared with Stripe; null: not in this session, and links show what the database knows. */
  comparedAt: instantSchema.nullable(),
});

export const catalogProcedures = {
  /** Packages and plans with their links as the database knows them; asks nothing of Stripe. */
  'catalog.list': query({ input: z.strictObject({}), output: catalogSchema }),
  /** Saves a package (isNew: the id must be free). The change reaches Stripe with `catalog.sync`. */
  'catalog.savePackage': command({
    input: z.strictObject({
      isNew: z.boolean(),
      id: catalogIdSchema,
      name: requiredText(100),
      credits: positiveCreditsSchema,
      currency: currencySchema,
      amountMinor: priceMinorSchema,
      active: z.boolean(),
      ...confirmedProductionField,
    }),
    output: creditPackageSchema,
  }),
  /** Saves a plan (isNew: the tier must be free). The change reaches Stripe with `catalog.sync`. */
  'catalog.savePlan': command({
    input: z.strictObject({
      isNew: z.boolean(),
      tier: catalogIdSchema,
      name: requiredText(100),
      monthlyCredits: creditsSchema.refine((value) => value >= 0, {
        error: 'must be zero or more',
      }),
      rollover: z.enum(ROLLOVER_RULES),
      rolloverCap: creditsSchema
        .refine((value) => value >= 0, { error: 'must be zero or more' })
        .nullable(),
      price: z.strictObject({ currency: currencySchema, amountMinor: priceMinorSchema }).nullable(),
      active: z.boolean(),
      allocatesWithoutSubscription: z.boolean(),
      lowBalanceThreshold: thresholdSchema.nullable(),
      ...confirmedProductionField,
    }),
    output: planSchema,
  }),
  /** Compares every item with Stripe: reads only. Errors: stripe_*. */
  'catalog.compare': command({ input: z.strictObject({}), output: catalogSchema }),
  /** Makes Stripe agree with the console, for one item or for all; safe to repeat. Errors: stripe_*. */
  'catalog.sync': command({
    input: z.strictObject({
      item: z
        .strictObject({ kind: z.enum(['package', 'plan']), id: z.string().max(100) })
        .nullable(),
      ...confirmedProductionField,
    }),
    output: catalogSchema,
  }),
};
