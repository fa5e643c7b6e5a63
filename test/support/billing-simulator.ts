import Stripe from 'stripe';
import { afterEach, beforeEach } from 'vitest';
import { advance } from '#main/stripe-simulator/billing-control.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { stripeFor } from './stripe-simulator.ts';

export const at = (text: string) => Date.parse(text) / 1_000;
export const day = 86_400;
export const hour = 3_600;
/** Where the simulator's clock stands at first: the end of a month, and the ends of the two periods after it. */
export const start = at('2026-01-31T10:00:00Z');
export const february = at('2026-02-28T10:00:00Z');
export const march = at('2026-03-31T10:00:00Z');

/** A simulator whose clock only moves when it is told to, a real client, one customer, and what tests of billing do again and again. */
export type BillingWorkbench = Awaited<ReturnType<typeof startBilling>>;

/** A new workbench for each test of a file. The object stays the same, so that a file can name it once. */
export function billingForEachTest(): BillingWorkbench {
  const billing = {} as BillingWorkbench;
  beforeEach(async () => {
    Object.assign(billing, await startBilling());
  });
  afterEach(() => billing.simulator.close());
  return billing;
}

export async function startBilling(options: { stateFile?: string } = {}) {
  const simulator: Simulator = await startSimulator({ now: () => start, ...options });
  const stripe = stripeFor(simulator);
  const { id: customer } = await stripe.customers.create({ email: 'ann@company.example' });
  return {
    simulator,
    stripe,
    customer,
    plan,
    meteredPrice,
    subscribe,
    halfway,
    manualInvoice,
    use,
    used,
    eventTypes,
  };

  async function plan(name: string, unit_amount: number): Promise<string> {
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount,
      recurring: { interval: 'month' },
      product_data: { name },
    });
    return price.id;
  }

  async function meteredPrice(): Promise<{ meter: string; price: string }> {
    const meter = await stripe.billing.meters.create({
      display_name: 'LLM tokens',
      event_name: 'llm_tokens',
      default_aggregation: { formula: 'sum' },
    });
    const price = await stripe.prices.create({
      currency: 'usd',
      product_data: { name: 'LLM usage' },
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      tiers: [
        { up_to: 100_000, unit_amount: 0 },
        { up_to: 1_000_000, unit_amount_decimal: Stripe.Decimal.from('0.02') },
        { up_to: 'inf', unit_amount_decimal: Stripe.Decimal.from('0.01') },
      ],
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    });
    return { meter: meter.id, price: price.id };
  }

  function subscribe(price: string, more: Partial<Stripe.SubscriptionCreateParams> = {}) {
    return stripe.subscriptions.create({ customer, items: [{ price }], ...more });
  }

  /** A subscription of 10 dollars in the middle of its month of 28 days, and a price of 20 dollars to go to. */
  async function halfway() {
    const subscription = await subscribe(await plan('Basic', 1_000));
    const pro = await plan('Pro', 2_000);
    advance(simulator.world, start + 14 * day);
    return { subscription, pro };
  }

  async function manualInvoice(amount: number): Promise<string> {
    const { id } = await stripe.invoices.create({ customer });
    await stripe.invoiceItems.create({
      invoice: id,
      customer,
      amount,
      currency: 'usd',
      description: 'Setup',
    });
    return id;
  }

  function use(identifier: string, value: string, timestamp?: number) {
    const payload = { stripe_customer_id: customer, value };
    return stripe.billing.meterEvents.create({
      event_name: 'llm_tokens',
      identifier,
      payload,
      ...(timestamp === undefined ? {} : { timestamp }),
    });
  }

  /** What a meter says of the two days around the start. */
  async function used(meter: string): Promise<number> {
    const range = { customer, start_time: start - 2 * day, end_time: start + 2 * day };
    const { data } = await stripe.billing.meters.listEventSummaries(meter, range);
    return data.reduce((sum, row) => sum + row.aggregated_value, 0);
  }

  /** Types of the events since the catalog was made, oldest first. */
  async function eventTypes(): Promise<string[]> {
    const { data } = await stripe.events.list({ limit: 100 });
    return data
      .map((event) => event.type)
      .filter(
        (type) => !/^(customer\.(created|updated)|product|price|billing|payment_method)/.test(type),
      )
      .reverse();
  }
}
