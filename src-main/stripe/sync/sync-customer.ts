import type { LedgerSession } from '#main/ledger/ledger-session.ts';
import type { StripeCustomer } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { applySync, type SyncOutcome } from './apply-sync.ts';
import { customerLinkedTo } from './read-order.ts';

const EMAIL_LENGTH_MAX = 320;
const NAME_LENGTH_MAX = 200;

/**
 * Fills the e-mail address and name that a customer lacks from the linked Stripe customer, and unlinks one that was deleted
 * in Stripe. Never makes a customer and never overwrites. Errors: those of the gateway and of applySync.
 */
export async function syncCustomer(
  target: StripeTarget,
  stripeCustomerId: string,
  finish?: (session: LedgerSession, outcome: SyncOutcome) => Promise<void>,
): Promise<SyncOutcome> {
  return applySync(
    target,
    stripeCustomerId,
    async () => {
      const customer = await target.gateway.findCustomer(stripeCustomerId);
      return (session) => applyCustomer(session, stripeCustomerId, customer);
    },
    finish,
  );
}

async function applyCustomer(
  session: LedgerSession,
  stripeCustomerId: string,
  customer: StripeCustomer | undefined,
): Promise<SyncOutcome> {
  const customerId = await customerLinkedTo(session.run, stripeCustomerId);
  if (customerId === undefined) {
    return {
      outcome: `No customer is linked to ${stripeCustomerId}.`,
      ignored: true,
      transactions: [],
      customerIds: [],
    };
  }
  const isGone = customer === undefined || customer.deleted;
  if (isGone) {
    await session.call<{ id: string }>({
      name: 'stripe.unlink',
      text: 'SELECT f.id FROM credits.link_stripe_customer(customer_id => $1, stripe_customer_id => NULL) f',
      values: [customerId],
    });
  } else {
    await session.call<{ id: string }>({
      name: 'stripe.fill_customer',
      text: 'SELECT f.id FROM credits.ensure_customer(id => $1, email => $2, name => $3) f',
      values: [customerId, emailOf(customer), nameOf(customer)],
    });
  }
  return {
    outcome: isGone
      ? `${stripeCustomerId} was deleted in Stripe; ${customerId} is linked to it no longer.`
      : `${customerId} has what ${stripeCustomerId} says of e-mail and name, where it had none.`,
    ignored: false,
    transactions: [],
    customerIds: [customerId],
  };
}

/** Half an address is none. */
function emailOf({ email }: StripeCustomer): string | null {
  const text = plainText(email);
  return text !== null && text.length <= EMAIL_LENGTH_MAX ? text : null;
}

function nameOf({ name }: StripeCustomer): string | null {
  return plainText(name)?.slice(0, NAME_LENGTH_MAX) ?? null;
}

function plainText(text: string | null): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this takes out
  const plain = (text ?? '').replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return plain === '' ? null : plain;
}
