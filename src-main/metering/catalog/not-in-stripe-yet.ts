import { AppError } from '#shared/errors.ts';

/** Does Stripe's part of a change that stands in the console already. What goes wrong there says so besides. */
export async function afterSaving<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw notInStripeYet(error);
  }
}

/** What Stripe's error means for who made the change: it stands in the console. Other errors are given back as they are. */
export function notInStripeYet(error: unknown): unknown {
  if (!(error instanceof AppError) || !error.code.startsWith('stripe_')) return error;
  const { code, message, fields, details } = error;
  return new AppError(
    code,
    `${message} The change is saved in the console, and Stripe may not have it yet. Nothing was lost: do the same again, or sync later, to go on where it stopped.`,
    { fields, details, cause: error },
  );
}
