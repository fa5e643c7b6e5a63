import type Stripe from 'stripe';
import { noSuchObject } from '../object-collection.ts';
import type { World } from '../world.ts';

/** What a payment with a test method does, as Stripe's test cards do. */
export type Behaviour =
  | 'succeeds'
  | 'declined'
  | 'insufficient_funds'
  | 'disputed'
  | 'inquired'
  | 'refund_pending'
  | 'refund_fails';

type TestCard = { brand: string; last4: string; behaviour: Behaviour };

const visa = { brand: 'visa', last4: '4242', behaviour: 'succeeds' } as const;

/** By the part of Stripe's names after tok_ and pm_card_, such as tok_visa and pm_card_visa. */
const testCards: Readonly<Record<string, TestCard>> = {
  visa,
  visa_debit: { ...visa, last4: '5556' },
  mastercard: { ...visa, brand: 'mastercard', last4: '4444' },
  amex: { ...visa, brand: 'amex', last4: '8431' },
  chargeDeclined: { ...visa, last4: '0002', behaviour: 'declined' },
  visa_chargeDeclined: { ...visa, last4: '0002', behaviour: 'declined' },
  chargeDeclinedInsufficientFunds: { ...visa, last4: '9995', behaviour: 'insufficient_funds' },
  visa_chargeDeclinedInsufficientFunds: {
    ...visa,
    last4: '9995',
    behaviour: 'insufficient_funds',
  },
  chargeCustomerFail: { ...visa, last4: '0341', behaviour: 'declined' },
  createDispute: { ...visa, last4: '0259', behaviour: 'disputed' },
  createDisputeInquiry: { ...visa, last4: '1976', behaviour: 'inquired' },
  pendingRefund: { ...visa, last4: '7726', behaviour: 'refund_pending' },
  refundFail: { ...visa, last4: '5126', behaviour: 'refund_fails' },
};

const behaviours = (world: World) => world.kept<Behaviour>('payment_method_behaviour');

/** What a payment with this method does. */
export function behaviourOf(world: World, paymentMethod: string): Behaviour {
  return behaviours(world).get(paymentMethod) ?? 'succeeds';
}

/** A card, from Stripe's name of a test card (visa, chargeDeclined …). Undefined for a name the simulator does not know. */
export function createTestCard(
  world: World,
  name: string,
  billing: Partial<Stripe.PaymentMethod.BillingDetails> = {},
): Stripe.PaymentMethod | undefined {
  const card = Object.hasOwn(testCards, name) ? testCards[name] : undefined;
  if (card === undefined) return undefined;
  const method = world.collection('payment_methods').insert({
    ...methodBase(world, billing),
    type: 'card',
    card: {
      brand: card.brand,
      checks: {
        address_line1_check: null,
        address_postal_code_check: null,
        cvc_check: 'pass',
      },
      country: 'US',
      display_brand: card.brand,
      exp_month: 12,
      exp_year: 2034,
      fingerprint: `simulated${card.last4}`,
      funding: name.endsWith('debit') ? 'debit' : 'credit',
      generated_from: null,
      last4: card.last4,
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
  });
  behaviours(world).set(method.id, card.behaviour);
  return method;
}

/** A bank account that is debited: the money comes, or does not, days after the payment was ordered. */
export function createBankAccount(
  world: World,
  billing: Partial<Stripe.PaymentMethod.BillingDetails> = {},
): Stripe.PaymentMethod {
  return world.collection('payment_methods').insert({
    ...methodBase(world, billing),
    type: 'us_bank_account',
    us_bank_account: {
      account_holder_type: 'individual',
      account_type: 'checking',
      bank_name: 'STRIPE TEST BANK',
      financial_connections_account: null,
      fingerprint: 'simulated6789',
      last4: '6789',
      networks: { preferred: 'ach', supported: ['ach'] },
      routing_number: '110000000',
      status_details: {},
    },
  });
}

/** A payment method of the account, or a new one where the id is one of Stripe's test names, such as pm_card_visa. */
export function findOrCreateMethod(world: World, id: string): Stripe.PaymentMethod {
  const known = world.collection('payment_methods').get(id);
  if (known !== undefined) return known;
  if (id === 'pm_usBankAccount') return createBankAccount(world);
  const card = id.startsWith('pm_card_') ? createTestCard(world, id.slice(8)) : undefined;
  if (card === undefined) throw noSuchObject('PaymentMethod', id, 'payment_method');
  return card;
}

function methodBase(world: World, billing: Partial<Stripe.PaymentMethod.BillingDetails>) {
  return {
    id: world.newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: {
      address: null,
      email: null,
      name: null,
      phone: null,
      tax_id: null,
      ...billing,
    },
    created: world.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
  } as const;
}
