import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import requestSchema from './request-schema.json' with { type: 'json' };
import { StripeRefusal } from './route.ts';

type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
};

// The compiler would otherwise carry the type of every line of the file about.
const { calls, definitions } = requestSchema as unknown as {
  calls: Readonly<Record<string, Schema>>;
  definitions: Readonly<Record<string, Schema>>;
};

const ajv = new Ajv({ allErrors: true, verbose: true, strict: false }).addSchema({
  $id: 'stripe',
  definitions,
});
const validators = new Map<string, ValidateFunction>();

/** Whether the schema knows a call, such as 'POST /v1/prices/{price}' (the names in braces do not matter). */
export function isCheckedCall(name: string): boolean {
  return Object.hasOwn(calls, schemaName(name));
}

/**
 * Checks the parameters of a call against the types of the installed stripe package, and decodes the text of a form into
 * numbers, booleans and lists (the JSON of API v2 is taken as it is). "" stays "" where Stripe lets it clear a value.
 * `name` is the method and path, such as 'POST /v1/prices/{price}'.
 * Throws a StripeRefusal, worded like Stripe's: unknown, missing or badly typed parameters. Throws an Error for a call that
 * build/stripe-schema/calls.mjs does not name.
 */
export function checkRequest(name: string, parameters: unknown): Record<string, unknown> {
  const call = schemaName(name);
  const schema = Object.hasOwn(calls, call) ? calls[call] : undefined;
  if (schema?.$ref === undefined)
    throw new Error(`build/stripe-schema/calls.mjs does not name the call ${call}.`);
  const given = parameters ?? {};
  const decoded = call.startsWith('POST /v2/') ? given : decode(schema, given);
  const validate = validators.get(call) ?? ajv.compile({ $ref: `stripe${schema.$ref}` });
  validators.set(call, validate);
  if (validate(decoded)) return decoded as Record<string, unknown>;
  throw refusal(validate.errors ?? []);
}

function schemaName(name: string): string {
  return name.replaceAll(/\{[^}]*\}/g, '{id}');
}

function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const definition = definitions[schema.$ref.replace('#/definitions/', '')];
  if (definition === undefined) throw new Error(`request-schema.json lacks ${schema.$ref}.`);
  return resolved(definition);
}

/** The value as the schema wants it, where that can be told; otherwise as it came, for the validator to refuse. */
function decode(reference: Schema, value: unknown): unknown {
  const schema = resolved(reference);
  if (schema.anyOf !== undefined) return decodeOneOf(schema.anyOf.map(resolved), value);
  if (typeof value === 'string') return decodeText(schema, value);
  if (typeof value !== 'object' || value === null) return value;
  if (schema.type === 'array') {
    const items = listOf(value);
    const { items: item } = schema;
    return items === undefined || item === undefined
      ? value
      : items.map((each) => decode(item, each));
  }
  if (schema.type !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const inner = propertySchema(schema, key);
      return [key, inner === undefined ? each : decode(inner, each)];
    }),
  );
}

function decodeOneOf(alternatives: readonly Schema[], value: unknown): unknown {
  if (typeof value === 'string') {
    const isListed = (schema: Schema) => schema.const === value || schema.enum?.includes(value);
    if (alternatives.some(isListed)) return value;
    const read = alternatives.map((schema) => decodeText(schema, value));
    return read.find((each) => typeof each !== 'string') ?? value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const list = listOf(value) === undefined ? undefined : alternatives.find(isType('array'));
  const chosen = list ?? alternatives.find(isType('object'));
  return chosen === undefined ? value : decode(chosen, value);
}

const isType = (type: string) => (schema: Schema) => schema.type === type;

function decodeText(schema: Schema, text: string): unknown {
  if (schema.type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (schema.type === 'number' && /^-?\d{1,15}(\.\d{1,12})?$/.test(text)) return Number(text);
  if (schema.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** A list as forms write it: a[]=x comes as a list, a[0]=x may come as an object with numbers as its keys. */
function listOf(value: object): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (keys.length === 0 || !keys.every((key) => /^\d+$/.test(key))) return undefined;
  return Object.entries(value)
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, each]) => each);
}

function propertySchema(schema: Schema, key: string): Schema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key))
    return schema.properties[key];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** Stripe names one thing at a time: what it does not know, then what it misses, then what it cannot read. */
function refusal(errors: readonly ErrorObject[]): StripeRefusal {
  const unknown = errors.filter((error) => error.keyword === 'additionalProperties');
  const names = [
    ...new Set(unknown.map((error) => named(error.instancePath, error.params.additionalProperty))),
  ];
  if (names.length > 0)
    return refuse(
      `Received unknown parameter${names.length > 1 ? 's' : ''}: ${names.join(', ')}`,
      names[0],
      'parameter_unknown',
    );
  const missing = errors.find((error) => error.keyword === 'required');
  if (missing !== undefined) {
    const parameter = named(missing.instancePath, missing.params.missingProperty);
    return refuse(`Missing required param: ${parameter}.`, parameter, 'parameter_missing');
  }
  const deepest = Math.max(...errors.map((error) => depth(error.instancePath)));
  const first = errors.find((error) => depth(error.instancePath) === deepest);
  return unreadable(
    first,
    errors.filter((error) => error.instancePath === first?.instancePath),
  );
}

/** A value that fits none of what the schema allows in its place. */
function unreadable(first: ErrorObject | undefined, errors: readonly ErrorObject[]): StripeRefusal {
  const value: unknown = first?.data;
  const parameter = first === undefined ? '' : named(first.instancePath);
  if (value === '')
    return refuse(
      `You passed an empty string for '${parameter}'. We assume empty values are an attempt to unset a parameter; however '${parameter}' cannot be unset. You should remove '${parameter}' from your request or supply a non-empty value.`,
      parameter,
      'parameter_invalid_empty',
    );
  const choices = errors
    .flatMap((error): unknown[] =>
      error.keyword === 'enum'
        ? error.params.allowedValues
        : error.keyword === 'const'
          ? [error.params.allowedValue]
          : [],
    )
    .filter((choice) => choice !== '' && choice !== null)
    .map(String);
  const types = errors
    .filter((error) => error.keyword === 'type')
    .flatMap((error): string[] => [error.params.type].flat());
  const isInteger = types.includes('integer');
  if (choices.length > 0)
    return refuse(
      `Invalid ${parameter}: must be one of ${listed(isInteger ? [...choices, 'an integer'] : choices)}`,
      parameter,
    );
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (isInteger) return refuse(`Invalid integer: ${shown}`, parameter, 'parameter_invalid_integer');
  if (types.includes('number') || errors.some((error) => error.keyword === 'pattern'))
    return refuse(`Invalid decimal: ${shown}`, parameter);
  if (types.includes('boolean')) return refuse(`Invalid boolean: ${shown}`, parameter);
  if (types.includes('array')) return refuse('Invalid array', parameter);
  if (types.includes('object')) return refuse('Invalid object', parameter);
  return refuse(`Invalid string: ${shown}`, parameter);
}

function refuse(message: string, parameter: string | undefined, code?: string): StripeRefusal {
  return new StripeRefusal(400, message, {
    ...(parameter === undefined || parameter === '' ? {} : { parameter }),
    ...(code === undefined ? {} : { code }),
  });
}

/** '/line_items/0' and 'price' as Stripe writes them: line_items[0][price]. */
function named(path: string, property?: string): string {
  const parts = path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const [first = '', ...rest] = property === undefined ? parts : [...parts, property];
  return first + rest.map((part) => `[${part}]`).join('');
}

function depth(path: string): number {
  return path.split('/').length;
}

function listed(choices: readonly string[]): string {
  if (choices.length < 3) return choices.join(' or ');
  return `${choices.slice(0, -1).join(', ')}, or ${choices.at(-1)}`;
}
