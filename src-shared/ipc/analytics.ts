import { z } from 'zod';
import { creditsSchema } from '../credits.ts';
import { customerIdSchema } from '../ids.ts';
import { daySchema, instantSchema, timeZoneSchema } from '../time.ts';
import { query } from './procedure.ts';
import { transactionTypeSchema } from './vocabulary.ts';

const range = {
  /** First and last day, both included, as calendar days of `timeZone`. */
  from: daySchema,
  to: daySchema,
  timeZone: timeZoneSchema,
};

export const analyticsProcedures = {
  /** Credits by day, by feature and by type over all customers. Always exact: roll-ups plus what they have not folded yet. */
  'analytics.usage': query({
    input: z.strictObject(range),
    output: z.strictObject({
      /** Usage transactions only; features beyond the five largest of the range are `null` (Other). Days without usage are absent. */
      byDay: z.array(
        z.strictObject({ day: daySchema, feature: z.string().nullable(), used: creditsSchema }),
      ),
      /** Usage transactions only, most used first, every feature by its own name ('' where none was given). */
      byFeature: z.array(
        z.strictObject({
          feature: z.string(),
          used: creditsSchema,
          transactions: z.number().int(),
        }),
      ),
      /** Every type: credits in (positive amounts) and out (as a positive number). */
      byType: z.array(
        z.strictObject({
          type: transactionTypeSchema,
          creditsIn: creditsSchema,
          creditsOut: creditsSchema,
          transactions: z.number().int(),
        }),
      ),
    }),
  }),
  /** The customers who used most in the range, at most `limit`, most first. */
  'analytics.topCustomers': query({
    input: z.strictObject({ ...range, limit: z.number().int().min(1).max(100) }),
    output: z.strictObject({
      rows: z.array(
        z.strictObject({
          customerId: customerIdSchema,
          name: z.string().nullable(),
          email: z.string().nullable(),
          used: creditsSchema,
          transactions: z.number().int(),
        }),
      ),
      /** When these figures were computed: long ranges may be shown from a recent computation. */
      computedAt: instantSchema,
    }),
  }),
};
