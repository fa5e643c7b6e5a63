// Writes src-main/stripe-simulator/request-schema.json: what each call of Stripe's API takes, as JSON Schema, made from the
// types of the installed stripe package. Run it after a new version of the package or a change of calls.mjs:
//   node build/stripe-schema/generate.mjs [file]
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';
import { calls } from './calls.mjs';

/**
 * What of JSON Schema the generator writes for these types.
 * @typedef {{ $ref?: string, type?: string | string[], properties?: Record<string, Schema>, required?: string[], items?: Schema, anyOf?: Schema[],
 *   additionalProperties?: boolean | Schema, minLength?: number, pattern?: string }} Schema
 */

const project = join(import.meta.dirname, '..', '..');
const stripe = join(project, 'node_modules', 'stripe');
const target = resolve(
  process.argv[2] ?? join(project, 'src-main/stripe-simulator/request-schema.json'),
);

const folder = mkdtempSync(join(tmpdir(), 'stripe-schema-'));
try {
  copyTypes(folder);
  const path = join(folder, 'roots.ts');
  writeFileSync(path, roots());
  writeFileSync(join(folder, 'tsconfig.json'), compilerOptions());
  const schema = createGenerator({
    path,
    tsconfig: join(folder, 'tsconfig.json'),
    type: 'Calls',
    skipTypeCheck: true,
    jsDoc: 'none',
    topRef: true,
    encodeRefs: false,
  }).createSchema('Calls');
  const definitions = /** @type {Record<string, Schema>} */ (schema.definitions ?? {});
  const found = definitions.Calls?.properties;
  if (found === undefined) throw new Error('The generated schema has no calls.');
  writeFileSync(target, written(found, definitions));
  console.log(`${target}: ${Object.keys(found).length} calls`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Copies the package's types with two changes: enums are closed (the package lets any text through, Stripe does not), and
 * a decimal is the text that is sent.
 * @param {string} to
 */
function copyTypes(to) {
  const from = join(stripe, 'esm');
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue;
    const text = readFileSync(join(from, name), 'utf8')
      .replaceAll(' | OtherString', '')
      .replace("export { Decimal } from './Decimal.js';", 'export type Decimal = string;');
    mkdirSync(join(to, name, '..'), { recursive: true });
    writeFileSync(join(to, name), text);
  }
  cpSync(join(from, 'package.json'), join(to, 'package.json'));
}

/** One interface with a property for each call, of the type of its parameters. */
function roots() {
  const files = [...new Set(Object.values(calls).map(([file]) => file))];
  return [
    ...files.map((file) => `import type * as ${alias(file)} from './resources/${file}.js';`),
    'export interface Calls {',
    ...Object.entries(calls).map(([call, [file, type]]) => `  '${call}': ${alias(file)}.${type};`),
    '}',
  ].join('\n');
}

/** @param {string} file */
function alias(file) {
  return file.replaceAll('/', '_');
}

function compilerOptions() {
  return JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: [],
    },
    files: ['roots.ts'],
  });
}

/**
 * The calls and the named types they use: one line each, so that a difference can be read.
 * @param {Record<string, Schema>} found
 * @param {Record<string, Schema>} definitions
 */
function written(found, definitions) {
  const { version } = JSON.parse(readFileSync(join(stripe, 'package.json'), 'utf8'));
  /** @param {[string, Schema][]} entries */
  const lines = (entries) =>
    entries
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, schema]) => {
        const tidy = tidied(schema, name, definitions);
        return `${JSON.stringify(name)}: ${JSON.stringify(tidy)}`;
      })
      .join(',\n');
  const named = Object.entries(definitions).filter(([name]) => name !== 'Calls' && isNamed(name));
  return [
    '{',
    `"stripe": ${JSON.stringify(version)},`,
    '"calls": {',
    lines(Object.entries(found)),
    '},',
    '"definitions": {',
    lines(named),
    '}',
    '}',
    '',
  ].join('\n');
}

/**
 * A type with a name of its own in the package. The generator invents others, such as Emptyable<…>, with numbers that change
 * with the folder: they are written where they are used.
 * @param {string} name
 */
function isNamed(name) {
  return /^[\w.]+$/.test(name);
}

/**
 * An empty text unsets a value. The types say where, but not for the plain descriptive texts, which Stripe lets be cleared.
 * @param {string} property
 * @param {string[]} [required]
 */
function isClearable(property, required = []) {
  return (
    /^(description|email|lookup_key|name|nickname|phone)$/.test(property) &&
    !required.includes(property)
  );
}

/**
 * The schema with invented types written out, and with integers: the package says `number` of both, and Stripe takes
 * fractions only as percentages and as the measures of a parcel.
 * @param {Schema} schema
 * @param {string} property
 * @param {Record<string, Schema>} definitions
 * @param {boolean} [mayBeEmpty]
 * @returns {Schema}
 */
function tidied(schema, property, definitions, mayBeEmpty = false) {
  const referred = schema.$ref?.replace('#/definitions/', '');
  if (referred !== undefined && !isNamed(referred)) {
    const invented = definitions[referred];
    if (invented === undefined) throw new Error(`The generated schema lacks ${referred}.`);
    return tidied(invented, property, definitions, mayBeEmpty);
  }
  /** @type {Schema} */
  const result = { ...schema };
  if (schema.type === 'number' && !/percent$|^(height|length|weight|width)$/.test(property))
    result.type = 'integer';
  if (schema.type === 'string' && !('enum' in schema) && !('const' in schema) && !mayBeEmpty)
    result.minLength = 1;
  if (property === 'Decimal') result.pattern = '^-?[0-9]+(\\.[0-9]{1,12})?$';
  if (schema.properties !== undefined)
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, inner]) => [
        name,
        tidied(inner, name, definitions, isClearable(name, schema.required)),
      ]),
    );
  if (schema.items !== undefined) result.items = tidied(schema.items, property, definitions);
  if (schema.anyOf !== undefined)
    result.anyOf = schema.anyOf.map((inner) => tidied(inner, property, definitions));
  if (typeof schema.additionalProperties === 'object')
    result.additionalProperties = tidied(schema.additionalProperties, '', definitions);
  return result;
}
