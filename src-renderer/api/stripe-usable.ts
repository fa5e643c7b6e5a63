import type { StripeStatus } from '#shared/ipc/stripe.ts';

/** Whether Stripe, or its simulator, can be asked for anything; false while that is not known. */
export function isStripeUsable(
  status: Pick<StripeStatus, 'mode' | 'problem'> | undefined,
): boolean {
  return status !== undefined && status.mode !== 'none' && status.problem === null;
}
