import { z } from 'zod';
import { creditsSchema, positiveCreditsSchema } from '../credits.ts';
import { customerIdSchema, grantIdSchema } from '../ids.ts';
import { requiredText } from '../text.ts';
import { daySchema, instantSchema, timeZoneSchema } from '../time.ts';
import { command, query } from './procedure.ts';
import { balanceSchema, confirmedProductionField, grantSchema } from './vocabulary.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/** A feature's name as code writes it, and as it stands on every use. */
export const featureNameSchema = z
  .string()
  .max(200, { error: 'at most 200 characters' })
  .refine((name) => name.trim() !== '' && name === name.trim(), {
    error: 'must not be empty, or begin or end with a space',
  })
  .refine((name) => !CONTROL_CHARACTERS.test(name), {
    error: 'must not contain control characters',
  });

/** What a feature costs from an instant on. */
export const featureCostSchema = z.strictObject({
  feature: z.string(),
  /** Credits a unit. */
  cost: creditsSchema,
  /** What is counted: "use", "page" … */
  unit: z.string(),
  active: z.boolean(),
  /** null: from the beginning. */
  validFrom: instantSchema.nullable(),
  /** null: the ledger began with it. */
  changedBy: z.string().nullable(),
  changedAt: instantSchema.nullable(),
});
export type FeatureCost = z.output<typeof featureCostSchema>;

export const featureSchema = z.strictObject({
  feature: z.string(),
  /** What it costs now; null: it was used and has no price (credits were deducted under its name), or only one to come. */
  current: featureCostSchema.nullable(),
  /** Prices still to come, the next first. */
  scheduled: z.array(featureCostSchema),
  /** Credits used in the range, and in the range of the same length right before it. */
  used: creditsSchema,
  usedBefore: creditsSchema,
  /** Uses (transactions) in the range. */
  uses: z.number().int(),
  /** Credits used on each day of the range, the first day first. */
  trend: z.array(creditsSchema),
  /** Meters that uses are reported to, of whichever plan. */
  meters: z.array(z.string()),
});
export type Feature = z.output<typeof featureSchema>;

export const featuresProcedures = {
  /** Every feature that has a price or was used in the range, with its use: most used first. Days are cut in the time zone, at most 366. */
  'features.list': query({
    input: z.strictObject({ from: daySchema, to: daySchema, timeZone: timeZoneSchema }),
    output: z.strictObject({ rows: z.array(featureSchema) }),
  }),
  /** Every price of one feature, the newest first. */
  'features.history': query({
    input: z.strictObject({ feature: featureNameSchema }),
    output: z.strictObject({ rows: z.array(featureCostSchema) }),
  }),
  /**
   * Sets what a feature costs from an instant on (null: now); what was used keeps its price. isNew: the name must be free. cost,
   * unit: null leaves them as they stand at that instant, whoever set them last, such as where a feature is only deactivated.
   * Errors: invalid_argument, not_found, not_permitted.
   */
  'features.setCost': command({
    input: z.strictObject({
      isNew: z.boolean(),
      feature: featureNameSchema,
      cost: positiveCreditsSchema.nullable(),
      unit: requiredText(40).nullable(),
      active: z.boolean(),
      validFrom: instantSchema.nullable(),
      ...confirmedProductionField,
    }),
    output: featureCostSchema,
  }),
  /** Takes back a price that is still to come. Errors: not_found, invalid_argument (it holds already). */
  'features.withdrawCost': command({
    input: z.strictObject({
      feature: featureNameSchema,
      validFrom: instantSchema,
      ...confirmedProductionField,
    }),
    output: z.strictObject({}),
  }),
  /**
   * What a use would cost a customer now, who would pay it, and what would be refused; changes nothing. Errors: not_found
   * (customer; an unknown or inactive feature), invalid_argument.
   */
  'features.simulate': query({
    input: z.strictObject({
      customerId: customerIdSchema,
      feature: featureNameSchema,
      quantity: positiveCreditsSchema,
    }),
    output: z.strictObject({
      unitCost: creditsSchema,
      unit: z.string(),
      /** credits: deducted; report: billed through a meter instead, no credits; both. */
      mode: z.enum(['credits', 'report', 'both']),
      meter: z.string().nullable(),
      required: creditsSchema,
      balance: balanceSchema,
      sufficient: z.boolean(),
      /** Credits that are missing; 0 where there is enough. */
      missing: creditsSchema,
      /** Available afterwards; null where it would be refused. */
      availableAfter: creditsSchema.nullable(),
      /** The grants that would pay, in burn order; of a use that would be refused, those that would have paid a part. */
      grants: z.array(
        z.strictObject({
          id: grantIdSchema,
          source: grantSchema.shape.source,
          description: z.string(),
          expiresAt: instantSchema.nullable(),
          remaining: creditsSchema,
          taken: creditsSchema,
        }),
      ),
    }),
  }),
};
