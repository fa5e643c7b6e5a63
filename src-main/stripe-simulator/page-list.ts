import { faultCalls } from './fault-calls.ts';
import type { Page } from './page.ts';
import { billingActions } from './pages/billing-actions.ts';
import { billingPages } from './pages/billing-page.ts';
import { checkoutPages } from './pages/checkout-page.ts';
import { donePages } from './pages/done-page.ts';
import { eventPages } from './pages/events-page.ts';
import { faultPages } from './pages/faults-page.ts';
import { paymentActions } from './pages/payment-actions.ts';
import { paymentPages } from './pages/payments-page.ts';

/** Everything the simulator serves beside Stripe's API: its pages, and its own calls. */
export const pages: readonly Page[] = [
  ...faultCalls,
  ...checkoutPages,
  ...donePages,
  ...paymentPages,
  ...paymentActions,
  ...billingPages,
  ...billingActions,
  ...eventPages,
  ...faultPages,
];
