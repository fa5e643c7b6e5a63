import { AppError } from '#shared/errors.ts';

/** Stripe answered that it will not: asking again would meet the same. */
export function isRefusal(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    (error.code === 'stripe_refused' || error.code === 'stripe_not_found')
  );
}

/** Anything else that went wrong at Stripe, or on the way there. */
export function isFromStripe(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith('stripe_');
}
