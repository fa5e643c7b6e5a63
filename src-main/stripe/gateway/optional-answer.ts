import { AppError } from '#shared/errors.ts';

/** The answer, or undefined where Stripe has no such object. */
export async function orUndefined<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AppError && error.code === 'stripe_not_found') return undefined;
    throw error;
  }
}
