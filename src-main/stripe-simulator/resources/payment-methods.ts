import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { clearable } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { createBankAccount, createTestCard, findOrCreateMethod } from '../payments/test-methods.ts';
import { type Route, StripeRefusal } from '../route.ts';
import { fullAddress } from './create-customer.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/payment_methods';
const read = 'rak_payment_method_read';
const write = 'rak_payment_method_write';

export const paymentMethodRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: write,
    handle(world, { parameters }): Stripe.PaymentMethod {
      const given: Stripe.PaymentMethodCreateParams = parameters;
      refuseUnsupported(given, ['billing_details', 'card', 'metadata', 'type', 'us_bank_account']);
      const billing = billingOf(given.billing_details);
      const method =
        given.type === 'us_bank_account'
          ? createBankAccount(world, billing)
          : card(world, given, billing);
      return world.collection('payment_methods').update(method.id, {
        metadata: mergeMetadata(null, given.metadata),
      });
    },
  },
  ...readRoutes({
    url,
    collection: 'payment_methods',
    permission: read,
    list(world, given: Stripe.PaymentMethodListParams) {
      return listPage(world.collection('payment_methods').newestFirst(), given, {
        url,
        where: (method) =>
          (given.customer === undefined || method.customer === given.customer) &&
          (given.type === undefined || method.type === given.type),
      });
    },
  }),
  {
    method: 'GET',
    path: '/v1/customers/{customer}/payment_methods',
    permission: read,
    handle(world, { path: { customer = '' }, parameters }) {
      const given: Stripe.CustomerListPaymentMethodsParams = parameters;
      world.collection('customers').need(customer);
      return listPage(world.collection('payment_methods').newestFirst(), parameters, {
        url: `/v1/customers/${customer}/payment_methods`,
        where: (method) =>
          method.customer === customer && (given.type === undefined || method.type === given.type),
      });
    },
  },
  {
    method: 'POST',
    path: `${url}/{payment_method}/attach`,
    permission: write,
    handle(world, { path: { payment_method: id = '' }, parameters }) {
      const given: Stripe.PaymentMethodAttachParams = parameters;
      const customer = world.collection('customers').need(given.customer ?? '', 'customer');
      const method = findOrCreateMethod(world, id);
      const after = world
        .collection('payment_methods')
        .update(method.id, { customer: customer.id });
      world.emit('payment_method.attached', after);
      return after;
    },
  },
  {
    method: 'POST',
    path: `${url}/{payment_method}/detach`,
    permission: write,
    handle(world, { path: { payment_method: id = '' } }) {
      const before = world.collection('payment_methods').need(id);
      const after = world.collection('payment_methods').update(id, { customer: null });
      world.emit('payment_method.detached', after, { customer: before.customer });
      return after;
    },
  },
];

function card(
  world: Parameters<typeof createTestCard>[0],
  given: Stripe.PaymentMethodCreateParams,
  billing: Partial<Stripe.PaymentMethod.BillingDetails>,
): Stripe.PaymentMethod {
  if (given.type !== 'card') {
    throw new StripeRefusal(400, 'The simulator has cards and US bank accounts only.', {
      parameter: 'type',
    });
  }
  const token = given.card !== undefined && 'token' in given.card ? given.card.token : undefined;
  const created = createTestCard(world, token?.replace(/^tok_/, '') ?? '', billing);
  if (created !== undefined) return created;
  throw new StripeRefusal(
    400,
    token === undefined
      ? 'The simulator takes no card numbers. Use a test token, such as tok_visa.'
      : `No such token: '${token}'`,
    { code: 'resource_missing', parameter: 'card[token]' },
  );
}

function billingOf(
  given: Stripe.PaymentMethodCreateParams.BillingDetails | undefined,
): Partial<Stripe.PaymentMethod.BillingDetails> {
  if (given === undefined) return {};
  const { address } = given;
  return {
    address:
      address === undefined || address === '' || address === null ? null : fullAddress(address),
    email: clearable(given.email, null),
    name: clearable(given.name, null),
    phone: clearable(given.phone, null),
  };
}
