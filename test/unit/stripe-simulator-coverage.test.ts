import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isCheckedCall } from '#main/stripe-simulator/check-request.ts';
import { routes } from '#main/stripe-simulator/routes.ts';

const readme = path.join(
  import.meta.dirname,
  '..',
  '..',
  'src-main',
  'stripe-simulator',
  'README.md',
);

/** The names in braces are each author's own. */
const named = (call: string) => call.replaceAll(/\{[^}]*\}/g, '{id}');
const calls = routes.map(({ method, path: address }) => named(`${method} ${address}`));

describe('the calls of the Stripe simulator', () => {
  it('are checked by the schema, but for those that the stripe package does not describe', () => {
    const unchecked = routes
      .filter((route) => route.unchecked !== true)
      .map((route) => `${route.method} ${route.path}`)
      .filter((call) => !isCheckedCall(call));
    // Add what is missing to build/stripe-schema/calls.mjs and run generate.mjs beside it.
    expect(unchecked).toEqual([]);
  });

  it('are the ones that its README lists', () => {
    const listed = [...readFileSync(readme, 'utf8').matchAll(/`((?:GET|POST|DELETE) \/v\d[^`]*)`/g)]
      .map((match) => named(match[1] ?? ''))
      .sort();
    expect(listed).toEqual([...calls].sort());
    expect(new Set(calls).size).toBe(calls.length);
  });
});
