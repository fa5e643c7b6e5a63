import type Stripe from 'stripe';
import { idOf } from '../fields.ts';
import type { Page, PageContext } from '../page.ts';
import type { World } from '../world.ts';
import { button, dashboardPage, instantText, latest, moneyText, table } from './document.ts';
import { type Html, html } from './html.ts';

/** The first section: what was bought, and what became of the money. Its forms are answered by payment-actions.ts. */
export const paymentPages: readonly Page[] = [
  { method: 'GET', path: '/', handle: (context) => ({ html: paymentsPage(context) }) },
];

/** The section with, where something was refused, the reason. */
export function paymentsPage({ world }: PageContext, problem?: string): string {
  return dashboardPage(
    '/',
    html`<h2>Open checkouts</h2>
${table(['Made', 'Checkout', 'Amount', 'State', 'Actions'], openCheckouts(world), 'None. They are made with POST /v1/checkout/sessions.')}
<h2>Payments</h2>
${table(['Time', 'Payment', 'Amount', 'State', 'Actions'], payments(world), 'Nothing was paid yet.')}
<h2>Refunds</h2>
${table(['Time', 'Refund', 'Amount', 'State', 'Actions'], refunds(world), 'Nothing was refunded yet.')}
<h2>Disputes</h2>
${table(['Time', 'Dispute', 'Amount', 'State', 'Actions'], disputes(world), 'No payment is disputed.')}
<p class="quiet">Each list shows the latest 50.</p>`,
    problem,
  );
}

/** Checkouts that wait: for the customer, or for the money of a bank debit. */
function openCheckouts(world: World): Html[] {
  const waiting = function* () {
    for (const session of world.collection('checkout_sessions').newestFirst()) {
      if (session.status === 'open' || isAwaitingDebit(world, session)) yield session;
    }
  };
  return latest(waiting()).map((session) => {
    const path = `/checkouts/${session.id}`;
    return html`<tr><td>${instantText(session.created)}</td>
<td><code class="long">${session.id}</code><br>${customerOf(session)}</td>
<td class="amount">${moneyText(session.amount_total ?? 0, session.currency ?? 'usd')}</td>
<td>${session.status === 'open' ? 'waits for the customer' : 'complete, bank debit on its way'}</td>
<td>${
      session.status === 'open'
        ? html`<p><a href="/pay/${session.id}">Payment page</a></p>${button(`${path}/expire`, 'Expire')}`
        : html`${button(`${path}/debit`, 'Money arrives', { fields: { outcome: 'succeeded' } })}${button(`${path}/debit`, 'Debit fails', { fields: { outcome: 'failed' }, look: 'danger' })}`
    }</td></tr>`;
  });
}

/** Whether a checkout was completed by a bank debit whose money neither came nor failed to come yet. */
export function isAwaitingDebit(world: World, session: Stripe.Checkout.Session): boolean {
  if (session.status !== 'complete' || session.payment_status !== 'unpaid') return false;
  return (
    world.collection('payment_intents').get(idOf(session.payment_intent))?.status === 'processing'
  );
}

function customerOf(session: Stripe.Checkout.Session): string {
  return session.customer_details?.email ?? (idOf(session.customer) || 'new customer');
}

function payments(world: World): Html[] {
  return latest(world.collection('charges').newestFirst()).map((charge) => {
    const left = charge.amount - charge.amount_refunded;
    const refundable = charge.status === 'succeeded' && left > 0;
    return html`<tr><td>${instantText(charge.created)}</td>
<td><code>${charge.id}</code><br><code class="quiet">${idOf(charge.payment_intent)}</code><br>${charge.billing_details.email ?? idOf(charge.customer)}</td>
<td class="amount">${moneyText(charge.amount, charge.currency)}</td>
<td>${chargeState(charge)}</td>
<td>${
      refundable &&
      html`<details><summary>Refund</summary>
<form method="post" action="/charges/${charge.id}/refund">
<label>Amount, empty for ${moneyText(left, charge.currency)}<input name="amount" inputmode="decimal" autocomplete="off"></label>
<label>Outcome<select name="outcome"><option value="succeeded">succeeds now</option><option value="pending">stays pending</option><option value="failed">fails afterwards</option></select></label>
<button>Refund</button></form></details>`
    }${
      charge.status === 'succeeded' &&
      !charge.disputed &&
      html`<details><summary>Dispute</summary>
<form method="post" action="/charges/${charge.id}/dispute">
<label>Amount, empty for all<input name="amount" inputmode="decimal" autocomplete="off"></label>
<label>Kind<select name="kind"><option value="dispute">dispute, the money is taken</option><option value="inquiry">inquiry, no money moves yet</option></select></label>
<button>Open dispute</button></form></details>`
    }</td></tr>`;
  });
}

function chargeState(charge: Stripe.Charge): Html {
  if (charge.status === 'failed')
    return html`<span class="bad">failed</span> ${charge.failure_message}`;
  if (charge.status === 'pending') return html`pending`;
  const refunded =
    charge.amount_refunded > 0 &&
    html`, ${charge.refunded ? 'refunded' : `${moneyText(charge.amount_refunded, charge.currency)} refunded`}`;
  return html`<span class="good">succeeded</span>${refunded}${charge.disputed && ', disputed'}`;
}

function refunds(world: World): Html[] {
  return latest(world.collection('refunds').newestFirst()).map(
    (refund) => html`<tr><td>${instantText(refund.created)}</td>
<td><code>${refund.id}</code><br><code class="quiet">${idOf(refund.charge)}</code></td>
<td class="amount">${moneyText(refund.amount, refund.currency)}</td>
<td>${refund.status}${refund.failure_reason !== undefined && `, ${refund.failure_reason}`}</td>
<td>${refund.status === 'pending' && button(`/refunds/${refund.id}/settle`, 'Money arrives')}${
      (refund.status === 'pending' || refund.status === 'succeeded') &&
      button(`/refunds/${refund.id}/fail`, 'Make it fail', { look: 'danger' })
    }</td></tr>`,
  );
}

function disputes(world: World): Html[] {
  return latest(world.collection('disputes').newestFirst()).map((dispute) => {
    const path = `/disputes/${dispute.id}/close`;
    const isOpen = !['won', 'lost', 'warning_closed', 'prevented'].includes(dispute.status);
    return html`<tr><td>${instantText(dispute.created)}</td>
<td><code>${dispute.id}</code><br><code class="quiet">${idOf(dispute.charge)}</code></td>
<td class="amount">${moneyText(dispute.amount, dispute.currency)}</td>
<td>${dispute.status.replaceAll('_', ' ')}, ${dispute.reason.replaceAll('_', ' ')}</td>
<td>${
      isOpen &&
      html`${button(path, 'Win', { fields: { outcome: 'won' } })}${button(path, 'Lose', { fields: { outcome: 'lost' }, look: 'danger' })}`
    }</td></tr>`;
  });
}
