import type Stripe from 'stripe';
import { refuseUnsupported } from '../billing/refuse-unsupported.ts';
import { mergeMetadata } from '../metadata.ts';
import { missingParameter } from '../missing-parameter.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { checkChargeable } from './amounts.ts';
import { sessionLineItems } from './line-items.ts';

type Given = Stripe.Checkout.SessionCreateParams;

/** What the session was told about the payment or the subscription that comes of it. */
export type SessionPlan = {
  payment?: Stripe.Checkout.SessionCreateParams.PaymentIntentData;
  subscription?: Stripe.Checkout.SessionCreateParams.SubscriptionData;
};

/** The plans of the sessions that were made here. */
export const sessionPlans = (world: World) => world.kept<SessionPlan>('session_plans');

const minute = 60;
const soonest = 30 * minute;
const latest = 24 * 60 * minute;
const supported = [
  'adaptive_pricing',
  'allow_promotion_codes',
  'allowed_payment_method_types',
  'billing_address_collection',
  'cancel_url',
  'client_reference_id',
  'customer',
  'customer_creation',
  'customer_email',
  'excluded_payment_method_types',
  'expires_at',
  'integration_identifier',
  'line_items',
  'locale',
  'metadata',
  'mode',
  'payment_intent_data',
  'payment_method_collection',
  'submit_type',
  'subscription_data',
  'success_url',
  'ui_mode',
];
const supportedOfPayment = [
  'description',
  'metadata',
  'receipt_email',
  'setup_future_usage',
  'shipping',
];
const supportedOfSubscription = ['description', 'metadata', 'trial_end', 'trial_period_days'];

/** Creates a checkout session of mode `payment` or `subscription` that is open until `expires_at`. */
export function createSession(world: World, given: Given): Stripe.Checkout.Session {
  refuseUnsupported(given, supported);
  const mode = modeOf(given);
  checkPlan(given, mode);
  checkCustomer(world, given, mode);
  const now = world.now();
  const expiresAt = given.expires_at ?? now + latest;
  checkExpiry(expiresAt, now);
  const metadata = mergeMetadata(null, given.metadata);
  mergeMetadata(null, given.payment_intent_data?.metadata);
  const items = sessionLineItems(world, given.line_items, mode);
  const total = items.reduce((sum, item) => sum + item.amount_total, 0);
  const currency = items[0]?.currency ?? 'usd';
  if (mode === 'payment' && total > 0) checkChargeable(total, currency, 'line_items');

  const id = world.newId('cs_test');
  const plan: SessionPlan = {};
  if (given.payment_intent_data !== undefined) plan.payment = given.payment_intent_data;
  if (given.subscription_data !== undefined) plan.subscription = given.subscription_data;
  sessionPlans(world).set(id, plan);
  return world.collection('checkout_sessions').insert({
    ...restOfSession,
    id,
    allow_promotion_codes: given.allow_promotion_codes ?? null,
    allowed_payment_method_types: given.allowed_payment_method_types ?? null,
    amount_subtotal: total,
    amount_total: total,
    billing_address_collection: given.billing_address_collection ?? null,
    cancel_url: given.cancel_url ?? null,
    client_reference_id: given.client_reference_id ?? null,
    created: now,
    currency,
    customer: given.customer ?? null,
    customer_creation:
      mode === 'payment' && given.customer === undefined
        ? (given.customer_creation ?? 'if_required')
        : mode === 'subscription' && given.customer === undefined
          ? 'always'
          : null,
    customer_details: detailsAtFirst(world, given),
    customer_email: given.customer_email ?? null,
    excluded_payment_method_types: given.excluded_payment_method_types ?? [],
    expires_at: expiresAt,
    integration_identifier: given.integration_identifier ?? null,
    line_items: {
      object: 'list',
      data: items,
      has_more: false,
      url: `/v1/checkout/sessions/${id}/line_items`,
    },
    locale: given.locale ?? null,
    metadata,
    mode,
    payment_method_collection: mode === 'payment' ? 'if_required' : 'always',
    submit_type: given.submit_type ?? null,
    success_url: given.success_url ?? null,
    url: payPage(world, id),
  });
}

/** Where the customer pays: a page of the simulator. */
export const payPage = (world: World, sessionId: string) => `${world.baseUrl}/pay/${sessionId}`;

function modeOf(given: Given): 'payment' | 'subscription' {
  const mode = (['payment', 'subscription'] as const).find((known) => known === given.mode);
  if (mode !== undefined) {
    if (given.ui_mode !== undefined && given.ui_mode !== 'hosted_page') {
      throw new StripeRefusal(400, 'The simulator has hosted payment pages only.', {
        parameter: 'ui_mode',
      });
    }
    if (given.success_url === undefined) {
      throw missingParameter('success_url');
    }
    return mode;
  }
  if (given.mode === 'setup') {
    throw new StripeRefusal(400, 'The simulator has no checkout of mode `setup`.', {
      parameter: 'mode',
    });
  }
  throw missingParameter('mode');
}

function checkPlan(given: Given, mode: string): void {
  const { payment_intent_data: payment, subscription_data: subscription } = given;
  const wrong =
    mode === 'payment' ? subscription && 'subscription_data' : payment && 'payment_intent_data';
  if (wrong !== undefined) {
    throw new StripeRefusal(400, `You can not pass \`${wrong}\` in \`${mode}\` mode.`, {
      parameter: wrong,
    });
  }
  refuseUnsupported(payment ?? {}, supportedOfPayment, 'payment_intent_data');
  refuseUnsupported(subscription ?? {}, supportedOfSubscription, 'subscription_data');
}

function checkCustomer(world: World, given: Given, mode: string): void {
  if (given.customer !== undefined) {
    world.collection('customers').need(given.customer, 'customer');
    const other = given.customer_email
      ? 'customer_email'
      : given.customer_creation && 'customer_creation';
    if (other !== undefined) {
      throw new StripeRefusal(
        400,
        `You may only specify one of these parameters: customer, ${other}.`,
        { parameter: other },
      );
    }
  }
  if (given.customer_creation !== undefined && mode !== 'payment') {
    throw new StripeRefusal(400, '`customer_creation` can only be used in `payment` mode.', {
      parameter: 'customer_creation',
    });
  }
}

function checkExpiry(expiresAt: number, now: number): void {
  if (expiresAt >= now + soonest && expiresAt <= now + latest) return;
  throw new StripeRefusal(
    400,
    expiresAt < now + soonest
      ? 'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.'
      : 'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
    { parameter: 'expires_at' },
  );
}

/** What is known of the payer before the page is filled in. */
function detailsAtFirst(
  world: World,
  given: Given,
): Stripe.Checkout.Session.CustomerDetails | null {
  if (given.customer !== undefined) {
    const customer = world.collection('customers').need(given.customer, 'customer');
    return payerDetails(customer.email, null);
  }
  return given.customer_email === undefined ? null : payerDetails(given.customer_email, null);
}

/** The payer of a session, as Stripe shows who filled in the page. */
export function payerDetails(
  email: string | null,
  name: string | null,
): Stripe.Checkout.Session.CustomerDetails {
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name,
    phone: null,
    tax_exempt: 'none',
    tax_ids: [],
  };
}

/** What is the same in every new session of the simulator. */
const restOfSession = {
  object: 'checkout.session',
  adaptive_pricing: { enabled: false },
  after_expiration: null,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: {
    after_submit: null,
    shipping_address: null,
    submit: null,
    terms_of_service_acceptance: null,
  },
  customer_account: null,
  discounts: [],
  invoice: null,
  invoice_creation: null,
  livemode: false,
  managed_payments: { enabled: false },
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_configuration_details: null,
  payment_method_options: {},
  payment_method_types: ['card', 'us_bank_account'],
  payment_status: 'unpaid',
  permissions: null,
  phone_number_collection: { enabled: false },
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  status: 'open',
  subscription: null,
  total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  ui_mode: 'hosted_page',
  wallet_options: null,
} satisfies Partial<Stripe.Checkout.Session>;
