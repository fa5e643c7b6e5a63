import { z } from 'zod';
import { reportUsage } from '#main/spending/usage.ts';
import {
  answers,
  customerIdField,
  idAnswer,
  idempotencyKeyField,
  instantField,
  inUtc,
  meterQuantityField,
} from '../api-schemas.ts';
import { callerOf } from '../caller.ts';
import { type ApiServer, keyWith, type RouteContext } from './route-context.ts';

const reportAnswer = z.object({ report_id: idAnswer });

/** Metered usage: what is billed by use through Stripe, and costs no credits. */
export function meteredUsageRoutes(server: ApiServer, { database }: RouteContext): void {
  server.post(
    '/customers/:customer_id/metered-usage',
    {
      config: { scope: 'report' },
      schema: {
        operationId: 'reportUsage',
        tags: ['Metered usage'],
        summary: 'Reports usage that Stripe bills',
        description:
          'Written down at once and sent to Stripe later, in order and once. A repeat with the same idempotency_key answers with the first report.',
        ...keyWith('report'),
        params: z.strictObject({ customer_id: customerIdField }),
        body: z.strictObject({
          event_name: z
            .string()
            .regex(/^[^\p{Cc}\p{Cs}]{1,100}$/u, {
              error: 'must have 1 to 100 printable characters',
            })
            .describe('The meter’s event name.'),
          quantity: meterQuantityField,
          idempotency_key: idempotencyKeyField,
          occurred_at: instantField
            .optional()
            .describe(
              'When it was used: at most 5 minutes ahead; usage of more than 35 days ago is kept and never billed. Default: now.',
            ),
        }),
        response: answers(202, reportAnswer.describe('It is written down.'), {
          body: true,
          also: [409],
        }),
      },
    },
    async (request, reply) => {
      const { event_name, quantity, idempotency_key, occurred_at } = request.body;
      const report = await reportUsage(database, callerOf(request).actor, {
        customerId: request.params.customer_id,
        eventName: event_name,
        quantity,
        idempotencyKey: idempotency_key,
        occurredAt: occurred_at === undefined ? null : inUtc(occurred_at),
      });
      return reply.code(202).send(report);
    },
  );
}
