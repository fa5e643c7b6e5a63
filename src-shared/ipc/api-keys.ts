import { z } from 'zod';
import { requiredText } from '../text.ts';
import { instantSchema } from '../time.ts';
import { command, query } from './procedure.ts';
import { confirmedProductionField } from './vocabulary.ts';

/**
 * What a key of the HTTP service may do. read: balance, check, usage summary; use: use features, hold, capture, release;
 * report: metered usage; customers: make customers. None can grant credits.
 */
export const API_KEY_SCOPES = ['read', 'use', 'report', 'customers'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];
export const DEFAULT_API_KEY_SCOPES: readonly ApiKeyScope[] = ['read', 'use', 'report'];
/** Requests a second, of one key at one service. */
export const DEFAULT_REQUESTS_PER_SECOND = 1_000;

export const apiKeyScopesSchema = z
  .array(z.enum(API_KEY_SCOPES))
  .min(1, { error: 'choose at least one' })
  .refine((scopes) => new Set(scopes).size === scopes.length, { error: 'names one twice' });

export const requestsPerSecondSchema = z
  .number()
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(100_000, { error: 'must be at most 100,000' });

export const apiKeySchema = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  /** The key's first letters; the whole key is stored nowhere. */
  prefix: z.string(),
  scopes: z.array(z.enum(API_KEY_SCOPES)),
  requestsPerSecond: z.number().int(),
  createdAt: instantSchema,
  createdBy: z.string(),
  revokedAt: instantSchema.nullable(),
  revokedBy: z.string().nullable(),
  /** To the minute; null: never. */
  lastUsedAt: instantSchema.nullable(),
});
export type ApiKey = z.output<typeof apiKeySchema>;

const fields = {
  name: requiredText(100),
  scopes: apiKeyScopesSchema,
  requestsPerSecond: requestsPerSecondSchema,
};

export const apiKeysProcedures = {
  /** Every key, those in use first, the newest first. */
  'keys.list': query({
    input: z.strictObject({}),
    output: z.strictObject({ rows: z.array(apiKeySchema) }),
  }),
  /** Makes a key. `key` is the only time it is seen. Errors: not_permitted. */
  'keys.create': command({
    input: z.strictObject({ ...fields, ...confirmedProductionField }),
    output: z.strictObject({ key: z.string(), apiKey: apiKeySchema }),
  }),
  /**
   * Changes those that are named of name, scopes and rate of a key that is not revoked; the others stay as they are. Services
   * follow within seconds. Errors: not_found.
   */
  'keys.update': command({
    input: z.strictObject({
      id: z.uuid(),
      ...z.strictObject(fields).partial().shape,
      ...confirmedProductionField,
    }),
    output: apiKeySchema,
  }),
  /** Revokes a key for good; services refuse it within seconds. Errors: not_found. */
  'keys.revoke': command({
    input: z.strictObject({ id: z.uuid(), ...confirmedProductionField }),
    output: apiKeySchema,
  }),
};
