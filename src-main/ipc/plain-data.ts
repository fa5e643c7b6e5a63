import { AppError } from '#shared/errors.ts';

// The largest honest input is a note of 4,000 characters or a filter; a hundred times that is an attack or a mistake.
const CHARACTERS_MAX = 200_000;
const VALUES_MAX = 2_000;
const DEPTH_MAX = 10;

const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Refuses, before any schema looks at it, an input that is too large, too deep, or more than plain data: strings, numbers,
 * booleans, null, arrays and plain objects. Costs no more than the limits allow. Throws `invalid_argument`.
 */
export function assertPlainData(input: unknown): void {
  let characters = 0;
  let values = 0;
  const visit = (value: unknown, depth: number): void => {
    values += 1;
    if (values > VALUES_MAX || depth > DEPTH_MAX) throw tooLarge();
    switch (typeof value) {
      case 'string':
        characters += value.length;
        if (characters > CHARACTERS_MAX) throw tooLarge();
        return;
      case 'undefined':
      case 'number':
      case 'boolean':
        return;
      case 'object':
        break;
      default:
        throw notPlain();
    }
    if (value === null) return;
    if (Array.isArray(value)) {
      if (value.length > VALUES_MAX) throw tooLarge();
      for (const item of value) visit(item, depth + 1);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw notPlain();
    for (const name of Reflect.ownKeys(value)) {
      if (typeof name !== 'string' || FORBIDDEN_NAMES.has(name)) throw notPlain();
      characters += name.length;
      if (characters > CHARACTERS_MAX) throw tooLarge();
      visit((value as Record<string, unknown>)[name], depth + 1);
    }
  };
  visit(input, 0);
}

function tooLarge(): AppError {
  return new AppError(
    'invalid_argument',
    'What was entered is too large; nothing was changed. Shorten it, then try again.',
  );
}

function notPlain(): AppError {
  return new AppError('invalid_argument', 'Something entered cannot be used; nothing was changed.');
}
