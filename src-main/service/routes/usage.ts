import { z } from 'zod';
import { applyFeature, checkCredits, summariseUsage } from '#main/spending/usage.ts';
import {
  answers,
  availableAnswer,
  costField,
  creditsAnswer,
  customerIdField,
  descriptionField,
  featureField,
  featureQuantityField,
  idAnswer,
  idempotencyKeyField,
  instantField,
  inUtc,
  metadataField,
} from '../api-schemas.ts';
import { callerOf, purchaseUrlFor } from '../caller.ts';
import { HttpError } from '../http-errors.ts';
import { eitherCostOrFeature } from './price.ts';
import { type ApiServer, keyWith, type RouteContext } from './route-context.ts';

const SUMMARY_ROWS_MAX = 10_000;

const params = z.strictObject({ customer_id: customerIdField });
const checkAnswer = z.object({
  sufficient: z.literal(true),
  required: creditsAnswer.describe('What it costs, in credits; 0 where a meter bills it instead.'),
  available: availableAnswer,
});
const useAnswer = z.object({
  transaction_id: idAnswer,
  cost: creditsAnswer.describe('What was taken, in credits; 0 where a meter bills it instead.'),
  available: availableAnswer,
});
const summaryAnswer = z.object({
  rows: z.array(
    z.object({
      transaction_type: z.string(),
      description: z.string(),
      feature: z.string().nullable(),
      total_used: creditsAnswer.describe('Credits, positive; at most 9007199254740991.'),
      transaction_count: z.number().int(),
    }),
  ),
  truncated: z
    .boolean()
    .describe(
      `True where there are more than ${SUMMARY_ROWS_MAX} rows; the least used are missing.`,
    ),
});

/** Spending: what would it cost and does it suffice, use it, and what was used. */
export function usageRoutes(server: ApiServer, { database }: RouteContext): void {
  server.post(
    '/customers/:customer_id/check',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'check',
        tags: ['Usage'],
        summary: 'Whether the credits suffice',
        description:
          'Reserves nothing: between this and a use somebody else may spend them. Work that takes time is paid for safely by a hold.',
        ...keyWith('read'),
        params,
        body: eitherCostOrFeature(
          z.strictObject({
            cost: costField.optional(),
            feature: featureField.optional(),
            quantity: featureQuantityField.optional(),
          }),
        ),
        response: answers(200, checkAnswer.describe('They suffice.'), { body: true, also: [402] }),
      },
    },
    async (request) => {
      const { customer_id } = request.params;
      const { sufficient, required, balance, available } = await checkCredits(
        database,
        customer_id,
        request.body,
      );
      if (sufficient) return { sufficient, required, available };
      throw new HttpError(
        'insufficient_credits',
        `${required} credits are needed, ${available} are available.`,
        {
          details: {
            required,
            balance,
            available,
            purchase_url: purchaseUrlFor(callerOf(request), customer_id),
          },
        },
      );
    },
  );

  server.post(
    '/customers/:customer_id/usage',
    {
      config: { scope: 'use' },
      schema: {
        operationId: 'use',
        tags: ['Usage'],
        summary: 'Uses a feature and takes what it costs',
        description:
          'The cost is the feature’s price at this moment. A repeat with the same idempotency_key answers with the first transaction and takes nothing, also where the price has changed since.',
        ...keyWith('use'),
        params,
        body: z.strictObject({
          feature: featureField,
          quantity: featureQuantityField.optional(),
          idempotency_key: idempotencyKeyField,
          description: descriptionField.optional(),
          metadata: metadataField.optional(),
        }),
        response: answers(200, useAnswer.describe('It is paid for.'), {
          body: true,
          also: [402, 409],
        }),
      },
    },
    async (request) => {
      const { idempotency_key, ...use } = request.body;
      return applyFeature(database, callerOf(request).actor, {
        customerId: request.params.customer_id,
        idempotencyKey: idempotency_key,
        ...use,
      });
    },
  );

  server.get(
    '/customers/:customer_id/usage-summary',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getUsageSummary',
        tags: ['Usage'],
        summary: 'What took credits in a time',
        description: 'By type, description and feature, most used first.',
        ...keyWith('read'),
        params,
        querystring: z
          .strictObject({
            start: instantField.describe(
              'From this instant on, such as 2026-11-01T00:00:00Z. In an offset write + as %2B.',
            ),
            end: instantField.describe('Up to this instant, itself not included.'),
          })
          .refine(({ start, end }) => Date.parse(start) <= Date.parse(end), {
            path: ['end'],
            error: 'is before start',
          }),
        response: answers(200, summaryAnswer.describe('What was used.'), { body: false }),
      },
    },
    async ({ params: { customer_id }, query: { start, end } }) => {
      const rows = await summariseUsage(database, customer_id, {
        start: inUtc(start),
        end: inUtc(end),
        // One more than is answered tells whether there are more.
        limit: SUMMARY_ROWS_MAX + 1,
      });
      return { rows: rows.slice(0, SUMMARY_ROWS_MAX), truncated: rows.length > SUMMARY_ROWS_MAX };
    },
  );
}
