import { StripeRefusal } from '../route.ts';

/**
 * Refuses parameters that Stripe knows but the simulator does not act on, so that nobody takes an ignored wish for a fulfilled one.
 * @param supported what is acted on, or has no effect that the simulator could show.
 */
export function refuseUnsupported(
  parameters: object,
  supported: readonly string[],
  prefix = '',
): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && !supported.includes(name)) {
      const parameter = prefix === '' ? name : `${prefix}[${name}]`;
      throw new StripeRefusal(
        400,
        `The Stripe simulator does not simulate the parameter ${parameter}.`,
        {
          code: 'parameter_unknown',
          parameter,
        },
      );
    }
  }
}
