import { StripeRefusal } from './route.ts';

type Metadata = Record<string, string>;

const mostKeys = 50;
const longestKey = 40;
const longestValue = 500;

/**
 * Metadata after a change, by Stripe's rules: named keys are set, keys set to "" go, an empty text for the whole
 * removes all, others stay. Refuses more than 50 keys, keys over 40 and values over 500 characters.
 */
export function mergeMetadata(before: Metadata | null, change: unknown): Metadata {
  if (change === undefined) return { ...before };
  if (change === '' || change === null) return {};
  if (typeof change !== 'object')
    throw new StripeRefusal(400, 'Invalid hash', { parameter: 'metadata' });
  const merged: Metadata = { ...before };
  for (const [key, given] of Object.entries(change)) {
    const value = given === null ? '' : String(given);
    checkLength(key, value);
    if (value === '') delete merged[key];
    else merged[key] = value;
  }
  if (Object.keys(merged).length > mostKeys) {
    throw new StripeRefusal(400, `You can have up to ${mostKeys} metadata keys.`, {
      parameter: 'metadata',
    });
  }
  return merged;
}

function checkLength(key: string, value: string): void {
  if (key.length > longestKey) {
    throw new StripeRefusal(
      400,
      `Metadata keys can have up to ${longestKey} characters, but you passed in a key that is ${key.length} characters. Invalid key: ${key}`,
      { parameter: 'metadata' },
    );
  }
  if (value.length > longestValue) {
    throw new StripeRefusal(
      400,
      `Metadata values can have up to ${longestValue} characters, but you passed in a value that is ${value.length} characters. Invalid value: ${value}`,
      { parameter: `metadata[${key}]` },
    );
  }
}
