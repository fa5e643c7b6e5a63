import { AppError } from '#shared/errors.ts';

/** The AppError that work ends with. Throws where it ends well, or with another error. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`No AppError: ${String(error)}`);
  return error;
}
