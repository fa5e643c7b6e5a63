import { AppError } from '#shared/errors.ts';

/**
 * Does work that changes something and tells of it once it was done, and, without a result, where its answer was lost: it may
 * have been done, so what the window shows may be outdated. Throws what the work throws.
 */
export async function tellChange<Result>(
  work: () => Promise<Result>,
  tell: (result: Result | undefined) => void,
): Promise<Result> {
  try {
    const result = await work();
    tell(result);
    return result;
  } catch (error) {
    if (error instanceof AppError && error.code === 'outcome_unknown') tell(undefined);
    throw error;
  }
}
