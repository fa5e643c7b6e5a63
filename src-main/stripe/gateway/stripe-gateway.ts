import { AppError } from '#shared/errors.ts';
import { type AskStripe, connectStripe, type StripeConnection } from './ask-stripe.ts';
import { billingCalls } from './billing-calls.ts';
import { catalogCalls } from './catalog-calls.ts';
import { checkoutCalls } from './checkout-calls.ts';
import type { StripeAccount, StripeEvent, StripeGateway } from './gateway.ts';
import { meteringCalls } from './metering-calls.ts';
import { secondsOf } from './read-objects.ts';
import { findStripeEvent } from './read-webhook.ts';
import { refundCalls } from './refund-calls.ts';
import { after, PAGE_SIZE, wholeList } from './whole-list.ts';

/**
 * The gateway on stripe-node, for one key. Asks Stripe nothing until it is called. Throws `stripe_key_invalid` where the
 * text is no key, or a live one together with `base`; `invalid_argument` where `base` is not this computer.
 */
export function createStripeGateway(connection: StripeConnection): StripeGateway {
  const { livemode, ask, clock } = connectStripe(connection);
  return {
    livemode,
    afterwardsUrl: afterwardsUrl(connection),
    readAccount: async () => ({
      ...(await readAccount(ask, livemode, connection.base !== undefined)),
      answeredAt: clock(),
    }),
    ...catalogCalls(ask),
    ...checkoutCalls(ask),
    ...billingCalls(ask),
    ...refundCalls(ask),
    ...meteringCalls(ask),
    listEvents: (query) => listEvents(ask, query),
  };
}

/** The console has no public page of its own: the simulator has one to close, and Stripe its front page. */
function afterwardsUrl({ base }: StripeConnection): string {
  if (base === undefined) return 'https://stripe.com/';
  const host = base.host.includes(':') ? `[${base.host}]` : base.host;
  return `http://${host}:${base.port}/done`;
}

async function readAccount(
  ask: AskStripe,
  livemode: boolean,
  onThisComputer: boolean,
): Promise<StripeAccount> {
  try {
    const account = await ask.one((stripe) => stripe.accounts.retrieveCurrent());
    const name = account.settings?.dashboard?.display_name ?? account.business_profile?.name;
    return { id: account.id, name: name || null, livemode };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // A restricted key seldom may read the account. That Stripe says so proves that the key is good.
    const unreadable =
      error.code === 'stripe_permission' || (onThisComputer && error.code === 'stripe_not_found');
    if (!unreadable) throw error;
    return { id: null, name: null, livemode };
  }
}

async function* listEvents(
  ask: AskStripe,
  { since, types }: { since: Date; types: readonly string[] },
): AsyncGenerator<StripeEvent[]> {
  const wanted = new Set(types);
  const raw = await wholeList((lastId) =>
    ask.list((stripe) =>
      stripe.events.list({
        created: { gte: secondsOf(since) },
        types: [...types],
        ...after(lastId),
      }),
    ),
  );
  // Stripe lists newest first; sorting keeps that order, turned round, within one second.
  const events = raw
    .reverse()
    // What is no event, from a server that is not Stripe, does not keep the others waiting.
    .flatMap((each) => findStripeEvent(each, since) ?? [])
    .filter((event) => wanted.has(event.type) && secondsOf(event.createdAt) >= secondsOf(since))
    .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
  for (let from = 0; from < events.length; from += PAGE_SIZE) {
    yield events.slice(from, from + PAGE_SIZE);
  }
}
