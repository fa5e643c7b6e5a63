import type Stripe from 'stripe';
import { endSubscription } from '../billing/change-subscription.ts';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import {
  clearable,
  idOf,
  presentOrDeleted,
  previousAttributes,
  rememberDeleted,
} from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { findOrCreateMethod } from '../payments/test-methods.ts';
import type { Route } from '../route.ts';
import type { World } from '../world.ts';
import { checkEmail, createCustomer, fullAddress } from './create-customer.ts';

const url = '/v1/customers';

const supported = [
  'address',
  'description',
  'email',
  'invoice_settings',
  'metadata',
  'name',
  'payment_method',
  'phone',
  'preferred_locales',
  'shipping',
  'test_clock',
  'validate',
];

export const customerRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: 'rak_customer_write',
    handle(world, { parameters }) {
      const given: Stripe.CustomerCreateParams = parameters;
      refuseUnsupported(given, supported);
      const method =
        given.payment_method === undefined
          ? undefined
          : findOrCreateMethod(world, given.payment_method);
      const customer = createCustomer(world, given, places(given));
      if (method !== undefined) {
        world.collection('payment_methods').update(method.id, { customer: customer.id });
      }
      return customer;
    },
  },
  {
    method: 'GET',
    path: url,
    permission: 'rak_customer_read',
    handle(world, { parameters }) {
      const given: Stripe.CustomerListParams = parameters;
      return listPage(world.collection('customers').newestFirst(), parameters, {
        url,
        where: (customer) =>
          (given.email === undefined || customer.email === given.email) &&
          (given.test_clock === undefined || customer.test_clock === given.test_clock),
      });
    },
  },
  {
    method: 'GET',
    path: `${url}/{customer}`,
    permission: 'rak_customer_read',
    handle(world, { path: { customer = '' } }) {
      const found = world.collection('customers').get(customer);
      return presentOrDeleted(world, found, customer, 'customer');
    },
  },
  {
    method: 'POST',
    path: `${url}/{customer}`,
    permission: 'rak_customer_write',
    handle(world, { path: { customer: id = '' }, parameters }) {
      const given: Stripe.CustomerUpdateParams = parameters;
      refuseUnsupported(given, supported);
      if (given.email !== undefined) checkEmail(given.email);
      const customers = world.collection('customers');
      const before = customers.need(id);
      const after = customers.update(id, {
        ...places(given),
        description: clearable(given.description, before.description),
        email: clearable(given.email, before.email),
        name: clearable(given.name, before.name ?? null),
        phone: clearable(given.phone, before.phone ?? null),
        preferred_locales: given.preferred_locales ?? before.preferred_locales ?? [],
        metadata: mergeMetadata(before.metadata, given.metadata),
      });
      const previous = previousAttributes(before, after);
      if (previous !== undefined) world.emit('customer.updated', after, previous);
      return after;
    },
  },
  {
    method: 'DELETE',
    path: `${url}/{customer}`,
    permission: 'rak_customer_write',
    handle(world, { path: { customer: id = '' } }) {
      const customer = world.collection('customers').need(id);
      endSubscriptionsOf(world, id);
      world.collection('customers').remove(id);
      rememberDeleted(world, id, 'customer');
      world.emit('customer.deleted', customer);
      return { id, object: 'customer', deleted: true };
    },
  },
];

/** Deleting a customer ends its subscriptions. */
function endSubscriptionsOf(world: World, customer: string): void {
  const running = [...world.collection('subscriptions').newestFirst()].filter(
    (subscription) =>
      idOf(subscription.customer) === customer &&
      subscription.status !== 'canceled' &&
      subscription.status !== 'incomplete_expired',
  );
  for (const { id } of running) endSubscription(world, id, {});
}

/** Addresses and the like, which are replaced as a whole. */
function places(
  given: Stripe.CustomerCreateParams | Stripe.CustomerUpdateParams,
): Partial<Stripe.Customer> {
  const change: Partial<Stripe.Customer> = {};
  if (given.address !== undefined) {
    change.address =
      given.address === '' || given.address === null ? null : fullAddress(given.address);
  }
  if (given.shipping !== undefined) {
    change.shipping =
      given.shipping === '' || given.shipping === null
        ? null
        : {
            address: fullAddress(given.shipping.address),
            name: given.shipping.name,
            phone: given.shipping.phone ?? null,
          };
  }
  const method = given.invoice_settings?.default_payment_method;
  if (method !== undefined) {
    change.invoice_settings = {
      custom_fields: null,
      default_payment_method: method === '' ? null : method,
      footer: null,
      rendering_options: null,
    };
  }
  return change;
}
