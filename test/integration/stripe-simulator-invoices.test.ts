import { describe, expect, test } from 'vitest';
import {
  advance,
  failInvoicePayment,
  failNextInvoice,
  payInvoice,
} from '#main/stripe-simulator/billing-control.ts';
import { refundCharge } from '#main/stripe-simulator/control.ts';
import { idOf } from '#main/stripe-simulator/fields.ts';
import { billingForEachTest, day, february, start } from '#test/support/billing-simulator.ts';

const billing = billingForEachTest();

describe('payments of invoices', () => {
  test('lead from the invoice to a charge that can be refunded, and back from the payment intent', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000));
    const invoice = idOf(subscription.latest_invoice);
    const [payment] = (await billing.stripe.invoicePayments.list({ invoice, status: 'paid' })).data;
    const intent = idOf(payment?.payment.payment_intent);
    const found = await billing.stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: intent },
    });
    expect(found.data.map((each) => idOf(each.invoice))).toEqual([invoice]);
    const { latest_charge } = await billing.stripe.paymentIntents.retrieve(intent);
    const refund = await billing.stripe.refunds.create({ payment_intent: intent, amount: 500 });
    expect(refund).toMatchObject({ status: 'succeeded', amount: 500 });
    refundCharge(billing.simulator.world, idOf(latest_charge), { outcome: 'succeeded' });
    expect(await billing.stripe.charges.retrieve(idOf(latest_charge))).toMatchObject({
      amount_refunded: 2_000,
      refunded: true,
    });
  });

  test('that are declined leave the renewal open and the subscription past due, until the next attempt', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000));
    failNextInvoice(billing.simulator.world, billing.customer);
    advance(billing.simulator.world, february + 1);
    const invoice = await billing.stripe.invoices.retrieve(
      idOf((await billing.stripe.subscriptions.retrieve(subscription.id)).latest_invoice),
    );
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 1, amount_remaining: 2_000 });
    expect((await billing.stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    expect(await billing.eventTypes()).toContain('invoice.payment_failed');
    advance(billing.simulator.world, february + 3 * day + 1);
    expect(await billing.stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'paid',
      attempt_count: 2,
    });
    expect((await billing.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('that never succeed end the subscription', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000));
    for (const attempt of [0, 1, 2, 3]) {
      failNextInvoice(billing.simulator.world, billing.customer);
      advance(billing.simulator.world, february + attempt * 3 * day + 1);
    }
    expect(await billing.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      cancellation_details: { reason: 'payment_failed' },
    });
  });

  test('that fail at the start leave the subscription incomplete; paid it is active, unpaid it expires', async () => {
    const price = await billing.plan('Pro', 2_000);
    failNextInvoice(billing.simulator.world, billing.customer);
    const paid = await billing.subscribe(price);
    expect(paid.status).toBe('incomplete');
    await billing.stripe.invoices.pay(idOf(paid.latest_invoice));
    expect((await billing.stripe.subscriptions.retrieve(paid.id)).status).toBe('active');
    failNextInvoice(billing.simulator.world, billing.customer);
    const unpaid = await billing.subscribe(price);
    advance(billing.simulator.world, start + day);
    expect((await billing.stripe.subscriptions.retrieve(unpaid.id)).status).toBe(
      'incomplete_expired',
    );
    expect((await billing.stripe.invoices.retrieve(idOf(unpaid.latest_invoice))).status).toBe(
      'void',
    );
  });

  test('wait for the customer where that is wanted, and follow the payment intent', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000), {
      payment_behavior: 'default_incomplete',
    });
    expect(subscription.status).toBe('incomplete');
    const [payment] = (
      await billing.stripe.invoicePayments.list({ invoice: idOf(subscription.latest_invoice) })
    ).data;
    await billing.stripe.paymentIntents.confirm(idOf(payment?.payment.payment_intent), {
      payment_method: 'pm_card_visa',
    });
    advance(billing.simulator.world, start + 1);
    expect((await billing.stripe.invoices.retrieve(idOf(subscription.latest_invoice))).status).toBe(
      'paid',
    );
    expect((await billing.stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('are declined with 402 where they were asked for, and kept open', async () => {
    const invoice = await billing.manualInvoice(700);
    await billing.stripe.invoices.finalizeInvoice(invoice);
    failNextInvoice(billing.simulator.world, billing.customer);
    await expect(billing.stripe.invoices.pay(invoice)).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
    });
    expect((await billing.stripe.invoices.retrieve(invoice)).status).toBe('open');
    expect(failInvoicePayment(billing.simulator.world, invoice)).toMatchObject({
      status: 'open',
      attempt_count: 2,
    });
    expect(payInvoice(billing.simulator.world, invoice)).toMatchObject({
      status: 'paid',
      amount_paid: 700,
    });
    await expect(billing.stripe.invoices.pay(invoice)).rejects.toThrow('already paid');
  });
});

describe('manual invoices', () => {
  test('are drafted, given items, finalised and paid', async () => {
    const id = await billing.manualInvoice(1_234);
    const draft = await billing.stripe.invoices.retrieve(id);
    expect(draft).toMatchObject({
      status: 'draft',
      billing_reason: 'manual',
      total: 1_234,
      number: null,
      parent: null,
    });
    expect((await billing.stripe.invoices.finalizeInvoice(id)).status).toBe('open');
    await expect(billing.stripe.invoices.finalizeInvoice(id)).rejects.toThrow('already finalized');
    expect(await billing.stripe.invoices.pay(id)).toMatchObject({
      status: 'paid',
      amount_paid: 1_234,
    });
    expect((await billing.stripe.invoices.listLineItems(id)).data).toMatchObject([
      { amount: 1_234, description: 'Setup' },
    ]);
  });

  test('are paid outside of Stripe, voided, given up, or deleted as drafts', async () => {
    const outside = await billing.manualInvoice(100);
    expect(await billing.stripe.invoices.pay(outside, { paid_out_of_band: true })).toMatchObject({
      status: 'paid',
      amount_paid: 0,
      amount_paid_off_stripe: 100,
    });
    const voided = await billing.manualInvoice(100);
    await billing.stripe.invoices.finalizeInvoice(voided);
    expect((await billing.stripe.invoices.voidInvoice(voided)).status).toBe('void');
    const lost = await billing.manualInvoice(100);
    await billing.stripe.invoices.finalizeInvoice(lost);
    expect((await billing.stripe.invoices.markUncollectible(lost)).status).toBe('uncollectible');
    const draft = await billing.manualInvoice(100);
    expect(await billing.stripe.invoices.del(draft)).toMatchObject({ deleted: true });
    const list = await billing.stripe.invoices.list({ customer: billing.customer });
    expect(list.data.map((invoice) => invoice.status)).toEqual(['uncollectible', 'void', 'paid']);
    expect(
      (await billing.stripe.invoices.list({ status: 'void' })).data.map(({ id }) => id),
    ).toEqual([voided]);
    expect((await billing.stripe.invoices.list({ created: { gt: start } })).data).toEqual([]);
  });

  test('take up the items that wait for the customer where that is asked for; a renewal does in any case', async () => {
    const waiting = (amount: number) =>
      billing.stripe.invoiceItems.create({ customer: billing.customer, amount, currency: 'usd' });
    await waiting(300);
    expect((await billing.stripe.invoices.create({ customer: billing.customer })).total).toBe(0);
    const invoice = await billing.stripe.invoices.create({
      customer: billing.customer,
      pending_invoice_items_behavior: 'include',
    });
    expect(invoice.total).toBe(300);
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000));
    await waiting(50);
    advance(billing.simulator.world, february + 1);
    const [renewal] = (await billing.stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal?.total).toBe(2_050);
    expect((await billing.stripe.invoiceItems.list({ pending: true })).data).toEqual([]);
  });

  test('embed ten lines; the others come page by page', async () => {
    const id = await billing.manualInvoice(1);
    for (let count = 2; count <= 12; count += 1) {
      await billing.stripe.invoiceItems.create({ invoice: id, amount: count, currency: 'usd' });
    }
    const invoice = await billing.stripe.invoices.retrieve(id);
    expect(invoice).toMatchObject({ total: 78, lines: { has_more: true } });
    expect(invoice.lines.data).toHaveLength(10);
    const all = await billing.stripe.invoices
      .listLineItems(id, { limit: 5 })
      .autoPagingToArray({ limit: 100 });
    expect(all.map((line) => line.amount)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test('that are sent to the customer stay open until they are paid', async () => {
    const subscription = await billing.subscribe(await billing.plan('Pro', 2_000), {
      collection_method: 'send_invoice',
      days_until_due: 14,
    });
    const id = idOf(subscription.latest_invoice);
    expect(subscription.status).toBe('active');
    expect(await billing.stripe.invoices.retrieve(id)).toMatchObject({
      status: 'open',
      due_date: start + 14 * day,
    });
    expect((await billing.stripe.invoices.pay(id)).status).toBe('paid');
  });
});
