// What must not reach a log: passwords, in URLs, in connection strings, and under names that say so; Stripe's keys.
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/]*@/gi;
const NAMED_PASSWORD =
  /\b(password|passwd|pwd|pgpassword|secret|token|api[_-]?key)\b(["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&}\])]+)/gi;
// Stripe's keys, webhook secrets and client secrets, which are known by their form wherever they stand.
const STRIPE_KEY = /(?<![A-Za-z])((?:sk|rk|ek)_(?:org_)?(?:test|live)_|whsec_)[A-Za-z0-9_+/=-]+/g;
const STRIPE_CLIENT_SECRET = /((?:pi|seti|cs|src)_\w{1,255}?_secret_)[A-Za-z0-9]+/g;
const SECRET_NAME = /password|passwd|passphrase|secret|token|apikey|api_key|authorization|cookie/i;

const TEXT_MAX_CHARACTERS = 4_000;
const DEPTH_MAX = 6;
const ITEMS_MAX = 50;

/** Takes passwords out of text, and cuts what is too long to be read in a log. */
export function redactText(text: string): string {
  const redacted = text
    .slice(0, TEXT_MAX_CHARACTERS * 2)
    .replace(URL_PASSWORD, '$1:***@')
    .replace(STRIPE_KEY, '$1***')
    .replace(STRIPE_CLIENT_SECRET, '$1***')
    .replace(NAMED_PASSWORD, '$1$2***');
  if (redacted.length <= TEXT_MAX_CHARACTERS) return redacted;
  return `${redacted.slice(0, TEXT_MAX_CHARACTERS)}… (cut from ${text.length} characters)`;
}

/** A copy of any value that is safe to log: plain data, secrets replaced, errors with their stack, of limited size. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') {
    return redactText(String(value));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '…';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    const items = value.slice(0, ITEMS_MAX).map((item) => redact(item, depth + 1));
    return value.length > ITEMS_MAX ? [...items, `… ${value.length - ITEMS_MAX} more`] : items;
  }
  return redactEntries(Object.entries(value), depth);
}

function redactEntries(entries: [string, unknown][], depth: number): Record<string, unknown> {
  return Object.fromEntries(
    entries
      .slice(0, ITEMS_MAX)
      .map(([name, item]) => [
        redactText(name),
        SECRET_NAME.test(name) && item !== null && item !== undefined
          ? '***'
          : redact(item, depth + 1),
      ]),
  );
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  // What drivers hang on an error (SQLSTATE, table, constraint) is worth having; `cause` is followed.
  const extra = redactEntries(
    Object.entries(error).filter(([name]) => !['name', 'message', 'stack', 'cause'].includes(name)),
    depth,
  );
  return {
    name: error.name,
    message: redactText(error.message),
    ...extra,
    ...(error.stack ? { stack: redactText(error.stack) } : {}),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}
