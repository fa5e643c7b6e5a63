import type Stripe from 'stripe';
import type { Route } from '../route.ts';

/** The account that every test key belongs to. */
export const accountRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/account',
    permission: 'rak_connected_account_read',
    handle: (world): Stripe.Account => ({
      id: world.accountId,
      object: 'account',
      business_profile: null,
      business_type: null,
      capabilities: {},
      charges_enabled: true,
      country: 'US',
      default_currency: 'usd',
      details_submitted: true,
      email: 'simulator@credit-console.example',
      metadata: {},
      payouts_enabled: true,
      settings: null,
      type: 'standard',
    }),
  },
];
