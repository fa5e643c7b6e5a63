import { StripeRefusal } from './route.ts';

/** Stripe's refusal of a request that lacks a parameter. */
export function missingParameter(parameter: string): StripeRefusal {
  return new StripeRefusal(400, `Missing required param: ${parameter}.`, {
    code: 'parameter_missing',
    parameter,
  });
}

/** A parameter that this request needs, though the schema lets it be absent. Refuses like Stripe where it is. */
export function needed<T>(value: T | undefined, parameter: string): T {
  if (value === undefined) throw missingParameter(parameter);
  return value;
}
