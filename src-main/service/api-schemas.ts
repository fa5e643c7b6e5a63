import { z } from 'zod';
import { CREDITS_MAX } from '#shared/credits.ts';
import { refuseMetadata } from './check-metadata.ts';
import { codesOf } from './http-errors.ts';

const METER_QUANTITY_MAX = 999_999_999_999_999;
const SECONDS_A_YEAR = 31_536_000;

/** Text by a pattern that counts characters as PostgreSQL does, and refuses what it cannot store. */
const text = (pattern: RegExp, why: string) => z.string().regex(pattern, { error: why });

export const customerIdField = text(
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  /^[^\u0000-\u001f\u007f\p{Cs}]{1,200}$/u,
  'must have 1 to 200 characters, none of them a control character',
).describe('The customer: your own user id, percent-encoded in the address.');

export const holdIdField = text(/^[1-9][0-9]{0,18}$/, 'must be the id of a hold: digits').describe(
  'The hold’s id, as POST /holds answered it.',
);

export const featureField = text(
  /^[^\p{Cc}\p{Cs}]{1,200}$/u,
  'must have 1 to 200 printable characters',
).describe('Which feature is used, as the console’s page Features names it.');

export const idempotencyKeyField = text(
  /^[^\p{Cc}\p{Cs}]{1,255}$/u,
  'must have 1 to 255 printable characters',
).describe(
  'Yours to make, once for each thing that happens, and to keep until an answer came: a repeat with the same key does nothing twice.',
);

export const descriptionField = text(
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\p{Cs}]{0,1000}$/u,
  'must have at most 1,000 characters, none of them a control character',
).describe(
  'What support and the customer read beside it. Default: the feature’s name, or nothing.',
);

const credits = z.number().int();
export const costField = credits.min(1).max(CREDITS_MAX).describe('Credits, at least 1.');
export const featureQuantityField = credits
  .min(1)
  .max(CREDITS_MAX)
  .describe('How many units of the feature. Default 1; only with feature.');
export const meterQuantityField = credits
  .min(0)
  .max(METER_QUANTITY_MAX)
  .describe('Whole units: at least 1, or also 0 where the meter takes the newest value.');
export const captureAmountField = credits
  .min(1)
  .max(CREDITS_MAX)
  .describe('Credits to take, at most what is held; the rest is released. Default: all of it.');
export const expiresInField = credits
  .min(1)
  .max(SECONDS_A_YEAR)
  .describe('Seconds until the hold ends by itself. Default 900, a quarter of an hour.');

export const metadataField = z
  .record(z.string(), z.unknown())
  .superRefine(refuseMetadata)
  .describe('Kept with the transaction as it is: a JSON object of at most 16 kB.');

/** ISO 8601 with Z or an offset; what comes out is in UTC, to the millisecond. */
export const instantField = z.iso
  .datetime({ offset: true, error: 'must be an instant such as 2026-11-22T08:00:00Z' })
  .refine((instant) => Date.parse(instant) >= 0 && new Date(instant).getUTCFullYear() < 10_000, {
    error: 'must be from 1970 on',
  });

/** An instant as the database takes it: whatever offset it was written with. */
export function inUtc(instant: string): string {
  return new Date(instant).toISOString();
}

/** Credits of an answer: whole, of either sign. */
export const creditsAnswer = z.number().int();
export const availableAnswer = creditsAnswer.describe(
  'Credits that can be spent now: the balance without what is held and what has expired.',
);
export const idAnswer = z.string().regex(/^[0-9]+$/);

const refusal = (status: number, extra: z.ZodRawShape = {}) =>
  z
    .object({
      error: z.enum(codesOf(status)),
      message: z.string().describe('For you, not for your customers. Its words may change.'),
      ...extra,
      request_id: z.string().optional().describe('Finds the request in the service’s log.'),
    })
    .meta({ id: `Refusal${status}` });

const which = {
  argument: z.string().optional().describe('What is wrong.'),
  why: z.string().optional().describe('What is wrong with it.'),
};

/** What the service answers with by status, from 400 on. */
export const REFUSALS = {
  400: refusal(400, which),
  401: refusal(401),
  402: refusal(402, {
    required: creditsAnswer.describe('Credits that are needed.'),
    balance: creditsAnswer.describe('Credits on the account, held ones included.'),
    available: availableAnswer,
    purchase_url: z
      .string()
      .nullable()
      .describe('Where this customer can buy more; null where the console names no address.'),
  }),
  403: refusal(403, {
    needs: z.string().optional().describe('The scope that the key lacks.'),
    limit: creditsAnswer.optional(),
    asked: creditsAnswer.optional(),
  }),
  404: refusal(404, {
    entity: z
      .string()
      .optional()
      .describe('What there is none of: customer, feature, hold, meter.'),
    id: z.string().optional(),
  }),
  405: refusal(405),
  408: refusal(408),
  409: refusal(409, {
    first_id: z.string().optional().describe('The id of what was there first.'),
  }),
  413: refusal(413),
  415: refusal(415),
  422: refusal(422, which),
  429: refusal(429),
  431: refusal(431),
  500: refusal(500),
  503: refusal(503),
} as const;

export type RefusalStatus = keyof typeof REFUSALS;

/** What any route behind a key may answer with. */
const ALWAYS = [400, 401, 403, 404, 408, 422, 429, 431, 500, 503] as const;
/** What a route that takes a body may answer with besides. */
const WITH_BODY = [413, 415] as const;

/** The answers of a route: the good one and every refusal it can end in, for its schema. */
export function answers<Status extends number, Good extends z.ZodType>(
  status: Status,
  good: Good,
  options: { body: boolean; also?: readonly RefusalStatus[] },
): { [Key in Status]: Good } {
  const statuses = [...ALWAYS, ...(options.body ? WITH_BODY : []), ...(options.also ?? [])];
  const refusals = Object.fromEntries(statuses.map((each) => [each, REFUSALS[each]]));
  return { [status]: good, ...refusals } as { [Key in Status]: Good };
}
