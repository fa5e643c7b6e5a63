import type Stripe from 'stripe';
import { decliningCustomers } from '../billing/collect-payment.ts';
import { nextDue } from '../billing/renewals.ts';
import { idOf } from '../fields.ts';
import type { Page, PageContext } from '../page.ts';
import type { World } from '../world.ts';
import { button, dashboardPage, instantText, latest, moneyText, table } from './document.ts';
import { type Html, html } from './html.ts';

/** The section of subscriptions, invoices and the clock. Its forms are answered by billing-actions.ts. */
export const billingPages: readonly Page[] = [
  { method: 'GET', path: '/billing', handle: (context) => ({ html: billingPage(context) }) },
];

/** The section with, where something was refused, the reason. */
export function billingPage({ world }: PageContext, problem?: string): string {
  const subscriptions = latest(world.collection('subscriptions').newestFirst());
  const due = nextDue(world);
  const invoices = latest(world.collection('invoices').newestFirst());
  return dashboardPage(
    '/billing',
    html`<h2>Clock</h2>
<p>The simulator’s time is <strong>${instantText(world.now())}</strong>. It only goes forward: what falls due on the way, such as renewals, happens at its own time.</p>
<form method="post" action="/clock">
<label>Go forward by<input name="amount" inputmode="numeric" value="1" required></label>
<label>Unit<select name="unit"><option value="hour">hours</option><option value="day" selected>days</option><option value="week">weeks</option></select></label>
<button class="primary">Go forward</button></form>
${due !== null && html`<p>Billing has something to do at ${instantText(due)}.</p>${button('/clock/next', 'Go there')}`}
<h2>Subscriptions</h2>
${table(
  ['Started', 'Subscription', 'Items', 'State', 'Actions'],
  subscriptions.map((subscription) => subscriptionRow(world, subscription)),
  'None. They are made with POST /v1/subscriptions or by a checkout.',
)}
<h2>Invoices</h2>
${table(['Made', 'Invoice', 'Due', 'State', 'Actions'], invoices.map(invoiceRow), 'None yet.')}
<h2>Meter events</h2>
${table(['Received', 'Event', 'Customer', 'Value', 'State'], meterRows(world), 'No usage was reported.')}
<p class="quiet">Each list shows the latest 50.</p>`,
    problem,
  );
}

function subscriptionRow(world: World, subscription: Stripe.Subscription): Html {
  const path = `/subscriptions/${subscription.id}/cancel`;
  const customer = idOf(subscription.customer);
  const declines = decliningCustomers(world).has(customer);
  const [item] = subscription.items.data;
  return html`<tr><td>${instantText(subscription.created)}</td>
<td><code>${subscription.id}</code><br><code class="quiet">${customer}</code></td>
<td>${subscription.items.data.map(
    ({ price, quantity }) =>
      html`<code>${price.id}</code>${quantity !== undefined && quantity > 1 && ` × ${quantity}`}<br>`,
  )}</td>
<td>${subscription.status.replaceAll('_', ' ')}${
    item !== undefined &&
    html`<br><span class="quiet">period ends ${instantText(item.current_period_end)}</span>`
  }${subscription.cancel_at_period_end && html`<br><span class="quiet">ends then</span>`}</td>
<td>${
    !['canceled', 'incomplete_expired'].includes(subscription.status) &&
    html`${
      declines
        ? html`<p class="quiet">The next payment will be declined.</p>`
        : button(`/customers/${customer}/decline`, 'Decline the next payment')
    }${!subscription.cancel_at_period_end && button(path, 'End with the period', { fields: { when: 'period_end' } })}${button(path, 'End now', { fields: { when: 'now' }, look: 'danger' })}`
  }</td></tr>`;
}

function invoiceRow(invoice: Stripe.Invoice): Html {
  const path = `/invoices/${invoice.id}`;
  return html`<tr><td>${instantText(invoice.created)}</td>
<td><code>${invoice.id}</code><br><code class="quiet">${idOf(invoice.customer)}</code></td>
<td class="amount">${moneyText(invoice.amount_due, invoice.currency)}</td>
<td>${invoice.status}<br><span class="quiet">${(invoice.billing_reason ?? '').replaceAll('_', ' ')}</span></td>
<td>${
    invoice.status === 'open' &&
    html`${button(`${path}/pay`, 'Pay')}${
      invoice.collection_method === 'charge_automatically' &&
      button(`${path}/fail`, 'Payment fails', { look: 'danger' })
    }`
  }</td></tr>`;
}

function meterRows(world: World): Html[] {
  return world.meterEvents
    .slice(-50)
    .reverse()
    .map(
      (event) => html`<tr><td>${instantText(event.receivedAt)}</td>
<td>${event.eventName}<br><code class="quiet">${event.identifier}</code></td>
<td><code>${event.customer}</code></td><td class="amount">${event.value}</td>
<td>${event.error ?? (event.cancelled ? 'cancelled' : 'counts')}</td></tr>`,
    );
}
