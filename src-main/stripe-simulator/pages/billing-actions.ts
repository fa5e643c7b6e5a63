import { nextDue } from '../billing/renewals.ts';
import {
  advance,
  cancelSubscription,
  failInvoicePayment,
  failNextInvoice,
  payInvoice,
} from '../billing-control.ts';
import type { Page } from '../page.ts';
import { StripeRefusal } from '../route.ts';
import { billingPage } from './billing-page.ts';
import { field } from './document.ts';
import { formActions } from './form-actions.ts';

const unitSeconds: Readonly<Record<string, number>> = { hour: 3_600, day: 86_400, week: 604_800 };
const furthestDays = 800;

const action = formActions('/billing', billingPage);

/** What the forms of the billing section do. */
export const billingActions: readonly Page[] = [
  action('/clock', ({ world }, { form }) => {
    const amount = Number(field(form, 'amount'));
    const unit = unitSeconds[field(form, 'unit')];
    const seconds = amount * (unit ?? Number.NaN);
    if (!Number.isSafeInteger(seconds) || seconds <= 0 || seconds > furthestDays * 86_400)
      throw new StripeRefusal(400, `Enter a whole number, at most ${furthestDays} days at once.`);
    advance(world, world.now() + seconds);
  }),
  action('/clock/next', ({ world }) => {
    const due = nextDue(world);
    if (due === null)
      throw new StripeRefusal(400, 'No subscription or invoice waits for anything.');
    advance(world, Math.max(due, world.now()) + 1);
  }),
  action('/subscriptions/{subscription}/cancel', ({ world }, { path, form }) =>
    cancelSubscription(world, path.subscription ?? '', {
      atPeriodEnd: field(form, 'when') === 'period_end',
    }),
  ),
  action('/customers/{customer}/decline', ({ world }, { path }) =>
    failNextInvoice(world, path.customer ?? ''),
  ),
  action('/invoices/{invoice}/pay', ({ world }, { path }) => payInvoice(world, path.invoice ?? '')),
  action('/invoices/{invoice}/fail', ({ world }, { path }) =>
    failInvoicePayment(world, path.invoice ?? ''),
  ),
];
