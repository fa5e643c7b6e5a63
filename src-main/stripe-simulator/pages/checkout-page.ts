import type Stripe from 'stripe';
import { payCheckout } from '../control.ts';
import type { Page, PageAnswer, PageContext } from '../page.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { document, field, moneyText } from './document.ts';
import { type Html, html } from './html.ts';
import { isAwaitingDebit } from './payments-page.ts';

/** Where a customer pays a checkout session; its address is the session's `url`. */
export const checkoutPages: readonly Page[] = [
  {
    method: 'GET',
    path: '/pay/{session}',
    handle: ({ world }, { path }) => shown(world, sessionOf(world, path.session ?? '')),
  },
  { method: 'POST', path: '/pay/{session}', handle: pay },
];

const ways = {
  pay: { method: 'card' },
  decline: { method: 'card', decline: true },
  pay_later: { method: 'bank_debit' },
} as const;

function pay(
  { world }: PageContext,
  {
    path,
    form,
  }: { path: Readonly<Record<string, string>>; form: Readonly<Record<string, unknown>> },
): PageAnswer {
  const session = sessionOf(world, path.session ?? '');
  const chosen = field(form, 'action');
  if (chosen !== 'pay' && chosen !== 'decline' && chosen !== 'pay_later')
    throw new StripeRefusal(400, 'Choose pay, pay_later or decline.');
  const email = field(form, 'email');
  try {
    payCheckout(world, session.id, { ...ways[chosen], ...(email === '' ? {} : { email }) });
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    return { status: error.status, ...shown(world, sessionOf(world, session.id), error.message) };
  }
  return { redirect: `/pay/${session.id}` };
}

function sessionOf(world: World, id: string): Stripe.Checkout.Session {
  const session = world.collection('checkout_sessions').get(id);
  if (session === undefined)
    throw new StripeRefusal(404, 'This payment page does not exist. Ask for a new link.');
  return session;
}

function shown(world: World, session: Stripe.Checkout.Session, problem?: string): PageAnswer {
  const heading = headingOf(world, session);
  const body = html`<main><section class="checkout">
<h1>${heading}</h1>
${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
<p class="total">${moneyText(session.amount_total ?? 0, session.currency ?? 'usd')}</p>
${lines(session)}
${session.status === 'open' ? choices(session) : afterwards(session)}
</section></main>`;
  return { html: document(heading, body) };
}

function headingOf(world: World, session: Stripe.Checkout.Session): string {
  if (session.status === 'expired') return 'This payment page has expired';
  if (session.status === 'open') return session.mode === 'subscription' ? 'Subscribe' : 'Payment';
  if (session.payment_status !== 'unpaid') return 'Paid';
  return isAwaitingDebit(world, session)
    ? 'Your bank was asked for the money'
    : 'Your bank did not pay';
}

const emailOf = (session: Stripe.Checkout.Session) =>
  session.customer_details?.email ?? session.customer_email;

function lines(session: Stripe.Checkout.Session): Html {
  const email = emailOf(session);
  return html`<table>${(session.line_items?.data ?? []).map(
    (item) =>
      html`<tr><th scope="row">${item.description}${(item.quantity ?? 1) > 1 && html` × ${item.quantity}`}</th><td class="amount">${moneyText(item.amount_total, item.currency)}</td></tr>`,
  )}${email !== null && html`<tr><th scope="row">Customer</th><td class="amount">${email}</td></tr>`}</table>`;
}

function choices(session: Stripe.Checkout.Session): Html {
  const nothingToPay = session.amount_total === 0;
  const mayPayLater = !nothingToPay && session.mode === 'payment';
  return html`<form method="post" action="/pay/${session.id}">
${emailOf(session) === null && html`<label>E-mail, if you like<input type="email" name="email" autocomplete="off"></label>`}
<button class="primary" name="action" value="pay">${nothingToPay ? 'Complete' : 'Pay'}</button>
${mayPayLater && html`<button name="action" value="pay_later">Pay later (bank debit)</button>`}
${!nothingToPay && html`<button name="action" value="decline">Pay with a card that is declined</button>`}
</form>
<p class="choices">${link(session.cancel_url, 'Leave without paying')}</p>
${mayPayLater && html`<p class="quiet">Pay later completes the checkout at once. Its money arrives, or does not, when that is chosen on the <a href="/">simulator’s own page</a>.</p>`}`;
}

function afterwards(session: Stripe.Checkout.Session): Html {
  const back = session.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? null;
  return html`<p>${
    session.status === 'expired'
      ? 'Nothing was paid. Ask for a new link.'
      : 'You can close this page.'
  }</p>${session.status === 'complete' && html`<p>${link(back, 'Return to the shop')}</p>`}`;
}

/** A link to an address of the web; nothing for any other address, such as one that is a script. */
function link(address: string | null, text: string): Html | undefined {
  if (address === null || !/^https?:\/\//i.test(address)) return undefined;
  return html`<a href="${address}" rel="noreferrer">${text}</a>`;
}
