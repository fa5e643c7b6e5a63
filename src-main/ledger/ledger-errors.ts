import { AppError, type ErrorCode, isErrorCode } from '#shared/errors.ts';

/** What the driver's error carries of the ledger's: SQLSTATE, message and DETAIL. Told by its shape. */
type RaisedError = Error & { code?: unknown; detail?: unknown };

/**
 * The ledger's own error (SQLSTATE CR4xx, its message the code, JSON as DETAIL) as an AppError with the details and a
 * plain sentence with the numbers; undefined for every other error.
 */
export function toLedgerError(error: unknown): AppError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, message, detail } = error as RaisedError;
  if (typeof code !== 'string' || !/^CR4\d\d$/.test(code) || !isErrorCode(message))
    return undefined;
  const details = parseDetail(detail);
  return new AppError(message, sentenceOf(message, details), {
    details,
    cause: error,
    ...(message === 'invalid_argument' && typeof details.argument === 'string'
      ? { fields: { [fieldOf(details.argument)]: word(details.why) || 'cannot be used' } }
      : {}),
  });
}

function parseDetail(detail: unknown): Record<string, unknown> {
  if (typeof detail !== 'string') return {};
  try {
    const value: unknown = JSON.parse(detail);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

function sentenceOf(code: ErrorCode, details: Record<string, unknown>): string {
  switch (code) {
    case 'invalid_argument':
      return `The ledger refused ${word(details.argument).replaceAll('_', ' ') || 'a value'}: it ${word(details.why) || 'cannot be used'}. Nothing was changed.`;
    case 'not_permitted':
      return details.needs
        ? `This needs the right “${word(details.needs)}”, which the database role in use lacks. Nothing was changed.`
        : 'The database role in use may not do this. Nothing was changed.';
    case 'limit_exceeded':
      return `${credits(details.asked)} were asked for, above the limit of ${credits(details.limit)}. Nothing was changed.`;
    case 'not_found':
      return `There is no ${word(details.entity) || 'entry'} ${word(details.id)}`
        .trimEnd()
        .concat('.');
    case 'idempotency_conflict':
      return 'This form was posted before with other values. Nothing was changed. Close it and open a new one.';
    case 'already_processed':
      return details.first_id
        ? `This was processed before, for ${word(details.first_id)}. Nothing was changed.`
        : 'This was processed before. Nothing was changed.';
    case 'hold_closed':
      return 'The hold was captured, released or has expired already. Nothing was changed.';
    case 'already_spent':
      return `Of these credits ${count(details.left)} left, ${credits(details.asked)} were asked for. Nothing was changed.`;
    case 'already_reversed':
      return `Of this transaction ${count(details.left)} left to reverse, ${credits(details.asked)} were asked for. Nothing was changed.`;
    case 'insufficient_credits':
      return `The customer has ${credits(details.available)} available, ${credits(details.required)} are needed. Nothing was changed.`;
    default:
      return `The ledger refused this (${code}). Nothing was changed.`;
  }
}

/** Arguments of the functions by the names that forms know them by. */
function fieldOf(argument: string): string {
  const known: Record<string, string> = { description: 'note', reason: 'note', plan_tier: 'plan' };
  return (
    known[argument] ?? argument.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  );
}

function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 200) : '';
}

function count(value: unknown): string {
  return value === 1 ? '1 credit is' : `${credits(value)} are`;
}

function credits(value: unknown): string {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return 'more credits';
  const digits = Math.abs(value).toLocaleString('en');
  return `${value < 0 ? '−' : ''}${digits} ${Math.abs(value) === 1 ? 'credit' : 'credits'}`;
}
