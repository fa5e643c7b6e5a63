import type { z } from 'zod';

type Priced = {
  cost?: number | undefined;
  feature?: string | undefined;
  quantity?: number | undefined;
};

/** Refuses a body that names neither credits nor a feature, both, or a quantity of credits. */
export function eitherCostOrFeature<Schema extends z.ZodType<Priced>>(schema: Schema): Schema {
  const refined = schema.superRefine((body, context) => {
    const refuse = (argument: string, message: string) =>
      context.addIssue({ code: 'custom', path: [argument], message });
    if (body.cost === undefined && body.feature === undefined) {
      refuse('cost', 'or feature is required');
    } else if (body.cost !== undefined && body.feature !== undefined) {
      refuse('cost', 'or feature: only one of them');
    } else if (body.cost !== undefined && body.quantity !== undefined) {
      refuse('quantity', 'belongs to a feature, not to a cost');
    }
  });
  return refined.meta({ oneOf: [{ required: ['cost'] }, { required: ['feature'] }] });
}
