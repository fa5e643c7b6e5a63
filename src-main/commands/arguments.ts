import { parseCredits } from '#shared/credits.ts';
import { customerIdSchema } from '#shared/ids.ts';

/** What was typed cannot be used: the message says what, the host says where the help is. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A whole number as a person types it ("1000", "1,000"), by the same rules as amounts of credits; 0 where allowed. */
export function wholeNumber(option: string, text: string | undefined, least: 0 | 1): number {
  if (text === undefined) throw new UsageError(`--${option} is missing.`);
  if (least === 0 && text.trim() === '0') return 0;
  const parsed = parseCredits(text);
  if (parsed.ok) return parsed.value;
  throw new UsageError(
    `--${option}: "${text.slice(0, 40)}" is not a whole number of at least ${least}, such as 1000 or 1,000.`,
  );
}

/** A customer's id as typed. */
export function customerId(text: string): string {
  const parsed = customerIdSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError('A customer id has 1 to 200 characters, and no control characters.');
}
