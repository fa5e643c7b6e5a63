import { z } from 'zod';
import { ensureCustomer, readBalance } from '#main/spending/customers.ts';
import { answers, availableAnswer, creditsAnswer, customerIdField } from '../api-schemas.ts';
import { callerOf } from '../caller.ts';
import { type ApiServer, keyWith, type RouteContext } from './route-context.ts';

const params = z.strictObject({ customer_id: customerIdField });
const customerAnswer = z.object({
  customer_id: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
});
const balanceAnswer = z.object({
  customer_id: z.string(),
  balance: creditsAnswer.describe('Credits on the account; below 0 where a clawback left a debt.'),
  held: creditsAnswer.describe('Credits set aside for work in progress.'),
  available: availableAnswer,
  lifetime_credits: creditsAnswer.describe('Credits that were ever bought.'),
});

/** Customers: making one, and what they have. */
export function customerRoutes(server: ApiServer, { database }: RouteContext): void {
  server.put(
    '/customers/:customer_id',
    {
      config: { scope: 'customers' },
      schema: {
        operationId: 'ensureCustomer',
        tags: ['Customers'],
        summary: 'Makes a customer, or fills what is missing',
        description:
          'What is there stays: an e-mail address or a name is never overwritten. Repeat it as often as you like. Plan and Stripe customer are not a back end’s to set.',
        ...keyWith('customers'),
        params,
        body: z.strictObject({
          email: plainText(320).optional(),
          name: plainText(200).optional(),
        }),
        response: answers(200, customerAnswer.describe('The customer as it is now.'), {
          body: true,
        }),
      },
    },
    async (request) =>
      ensureCustomer(database, callerOf(request).actor, {
        id: request.params.customer_id,
        ...request.body,
      }),
  );

  server.get(
    '/customers/:customer_id/balance',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getBalance',
        tags: ['Customers'],
        summary: 'What a customer has',
        ...keyWith('read'),
        params,
        querystring: z.strictObject({}),
        response: answers(200, balanceAnswer.describe('The balance now, in credits.'), {
          body: false,
        }),
      },
    },
    async ({ params: { customer_id } }) => ({
      customer_id,
      ...(await readBalance(database, customer_id)),
    }),
  );
}

function plainText(max: number) {
  return z.string().regex(new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${max}}$`, 'u'), {
    error: `must have 1 to ${max} printable characters`,
  });
}
