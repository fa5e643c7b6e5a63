import type { z } from 'zod';
import type { AppError } from '#shared/errors.ts';

/** What a schema of the contract has against a value, as a sentence for its field; null where nothing. */
export function problemOf(schema: z.ZodType, value: unknown): string | null {
  const parsed = schema.safeParse(value);
  if (parsed.success) return null;
  const why = parsed.error.issues[0]?.message ?? 'cannot be used';
  return `It ${why}.`;
}

/** What main has against the values, by the form's own fields. */
export function errorsByField(
  error: AppError,
  fieldOfArgument: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(error.fields ?? {}).map(([argument, message]) => [
      fieldOfArgument[argument] ?? argument,
      message,
    ]),
  );
}
