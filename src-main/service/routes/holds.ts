import { z } from 'zod';
import { captureHold, holdCredits, releaseHold } from '#main/spending/holds.ts';
import {
  answers,
  availableAnswer,
  captureAmountField,
  costField,
  creditsAnswer,
  customerIdField,
  descriptionField,
  expiresInField,
  featureField,
  featureQuantityField,
  holdIdField,
  idAnswer,
  idempotencyKeyField,
} from '../api-schemas.ts';
import { callerOf } from '../caller.ts';
import { eitherCostOrFeature } from './price.ts';
import { type ApiServer, keyWith, type RouteContext } from './route-context.ts';

const EXPIRES_IN_SECONDS = 900;
const holdAnswer = z.object({
  hold_id: idAnswer,
  amount: creditsAnswer.describe('Credits set aside; 0 where a meter bills the use instead.'),
  state: z
    .enum(['open', 'captured', 'released', 'expired'])
    .describe('`open`, but for the repeat of a key whose hold is closed by now.'),
  expires_at: z.iso.datetime().describe('When it ends by itself, in UTC.'),
  available: availableAnswer,
});
const captureAnswer = z.object({
  transaction_id: idAnswer,
  cost: creditsAnswer.describe('What was taken, in credits.'),
  available: availableAnswer,
});
const releaseAnswer = z.object({
  hold_id: idAnswer,
  released: creditsAnswer.describe('What is the customer’s to spend again, in credits.'),
  available: availableAnswer,
});
const holdParams = z.strictObject({ customer_id: customerIdField, hold_id: holdIdField });

/** Holds: credits set aside before work, taken when it went well, given back when not. */
export function holdRoutes(server: ApiServer, { database }: RouteContext): void {
  server.post(
    '/customers/:customer_id/holds',
    {
      config: { scope: 'use' },
      schema: {
        operationId: 'hold',
        tags: ['Holds'],
        summary: 'Sets credits aside for work in progress',
        description:
          'Nobody else can spend them until the hold is captured, released or over. A repeat with the same idempotency_key answers with the first hold, whatever became of it.',
        ...keyWith('use'),
        params: z.strictObject({ customer_id: customerIdField }),
        body: eitherCostOrFeature(
          z.strictObject({
            cost: costField.optional(),
            feature: featureField.optional(),
            quantity: featureQuantityField.optional(),
            idempotency_key: idempotencyKeyField,
            expires_in_seconds: expiresInField.optional(),
            description: descriptionField.optional(),
          }),
        ),
        response: answers(200, holdAnswer.describe('The hold.'), { body: true, also: [402, 409] }),
      },
    },
    async (request) => {
      const { idempotency_key, expires_in_seconds, ...hold } = request.body;
      const held = await holdCredits(database, callerOf(request).actor, {
        customerId: request.params.customer_id,
        idempotencyKey: idempotency_key,
        expiresInSeconds: expires_in_seconds ?? EXPIRES_IN_SECONDS,
        ...hold,
      });
      return { ...held, expires_at: held.expires_at.toISOString() };
    },
  );

  server.post(
    '/customers/:customer_id/holds/:hold_id/capture',
    {
      config: { scope: 'use' },
      schema: {
        operationId: 'capture',
        tags: ['Holds'],
        summary: 'Takes held credits: the work is done',
        description:
          'All of them, or amount; the rest is released. Where an answer was lost, repeat it: hold_closed with a transaction as first_id says that it was done.',
        ...keyWith('use'),
        params: holdParams,
        body: z.strictObject({ amount: captureAmountField.optional() }).nullish(),
        response: answers(200, captureAnswer.describe('It is paid for.'), {
          body: true,
          also: [402, 409],
        }),
      },
    },
    async (request) =>
      captureHold(database, callerOf(request).actor, {
        customerId: request.params.customer_id,
        holdId: request.params.hold_id,
        amount: request.body?.amount ?? null,
      }),
  );

  server.post(
    '/customers/:customer_id/holds/:hold_id/release',
    {
      config: { scope: 'use' },
      schema: {
        operationId: 'release',
        tags: ['Holds'],
        summary: 'Gives held credits back: the work is not done',
        ...keyWith('use'),
        params: holdParams,
        body: z.strictObject({}).nullish(),
        response: answers(200, releaseAnswer.describe('They are given back.'), {
          body: true,
          also: [409],
        }),
      },
    },
    async (request) =>
      releaseHold(database, callerOf(request).actor, {
        customerId: request.params.customer_id,
        holdId: request.params.hold_id,
      }),
  );
}
