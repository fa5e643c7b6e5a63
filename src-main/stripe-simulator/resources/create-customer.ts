import type Stripe from 'stripe';
import { clearable } from '../fields.ts';
import { mergeMetadata } from '../metadata.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

/** What a new customer starts with. */
export type NewCustomer = Pick<
  Stripe.CustomerCreateParams,
  'email' | 'name' | 'phone' | 'description' | 'metadata' | 'test_clock' | 'preferred_locales'
>;

/** Creates a customer and emits customer.created. `more` is what the parameters do not say, such as its address. */
export function createCustomer(
  world: World,
  given: NewCustomer,
  more: Partial<Stripe.Customer> = {},
): Stripe.Customer {
  if (given.email !== undefined) checkEmail(given.email);
  if (given.test_clock !== undefined) {
    world.collection('test_clocks').need(given.test_clock, 'test_clock');
  }
  const customer = world.collection('customers').insert({
    id: world.newId('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: world.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: clearable(given.description, null),
    discount: null,
    email: clearable(given.email, null),
    invoice_prefix: world.newId('x').slice(2, 10).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: mergeMetadata(null, given.metadata),
    name: clearable(given.name, null),
    next_invoice_sequence: 1,
    phone: clearable(given.phone, null),
    preferred_locales: given.preferred_locales ?? [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: given.test_clock ?? null,
    ...more,
  });
  world.emit('customer.created', customer);
  return customer;
}

/** Refuses what is no address. */
export function checkEmail(email: string): void {
  if (email === '' || /^[^\s@]+@[^\s@]+$/.test(email)) return;
  throw new StripeRefusal(400, `Invalid email address: ${email}`, {
    code: 'email_invalid',
    parameter: 'email',
  });
}

/** An address with every part that Stripe shows, null for those not given. */
export function fullAddress(given: Stripe.AddressParam | undefined): Stripe.Address {
  return {
    city: clearable(given?.city, null),
    country: clearable(given?.country, null),
    line1: clearable(given?.line1, null),
    line2: clearable(given?.line2, null),
    postal_code: clearable(given?.postal_code, null),
    state: clearable(given?.state, null),
  };
}
