import { forgetOldThinEvents } from './billing/meter-errors.ts';
import { runBilling } from './billing/renewals.ts';
import { expireDueSessions } from './payments/complete-session.ts';
import { endDueRefunds } from './payments/refunds.ts';
import { accountRoutes } from './resources/account.ts';
import { chargeRoutes } from './resources/charges.ts';
import { checkoutSessionRoutes } from './resources/checkout-sessions.ts';
import { customerRoutes } from './resources/customers.ts';
import { disputeRoutes } from './resources/disputes.ts';
import { eventRoutes, forgetOldEvents } from './resources/events.ts';
import { invoiceItemRoutes } from './resources/invoice-items.ts';
import { invoicePaymentRoutes } from './resources/invoice-payments.ts';
import { invoiceRoutes } from './resources/invoices.ts';
import { meterEventRoutes } from './resources/meter-events.ts';
import { meterRoutes } from './resources/meters.ts';
import { paymentIntentRoutes } from './resources/payment-intents.ts';
import { paymentMethodRoutes } from './resources/payment-methods.ts';
import { paymentPageRoutes } from './resources/payment-pages.ts';
import { priceRoutes } from './resources/prices.ts';
import { productRoutes } from './resources/products.ts';
import { refundRoutes } from './resources/refunds.ts';
import { subscriptionItemRoutes } from './resources/subscription-items.ts';
import { subscriptionRoutes } from './resources/subscriptions.ts';
import { testClockRoutes } from './resources/test-clocks.ts';
import { thinEventRoutes } from './resources/v2-core-events.ts';
import { webhookEndpointRoutes } from './resources/webhook-endpoints.ts';
import type { Route } from './route.ts';
import type { World } from './world.ts';

/** Every call of Stripe's API that the simulator has. The first whose path fits counts: fixed paths before those with named parts. */
export const routes: readonly Route[] = [
  ...accountRoutes,
  ...customerRoutes,
  ...productRoutes,
  ...priceRoutes,
  ...checkoutSessionRoutes,
  ...paymentPageRoutes,
  ...paymentIntentRoutes,
  ...paymentMethodRoutes,
  ...chargeRoutes,
  ...refundRoutes,
  ...disputeRoutes,
  ...eventRoutes,
  ...webhookEndpointRoutes,
  ...subscriptionRoutes,
  ...subscriptionItemRoutes,
  ...invoiceRoutes,
  ...invoiceItemRoutes,
  ...invoicePaymentRoutes,
  ...meterRoutes,
  ...meterEventRoutes,
  ...thinEventRoutes,
  ...testClockRoutes,
];

/** What resources do on their own as time passes; runs when the clock moves, and before requests. */
export const clockWork: readonly ((world: World) => void)[] = [
  expireDueSessions,
  endDueRefunds,
  runBilling,
  forgetOldEvents,
  forgetOldThinEvents,
];
