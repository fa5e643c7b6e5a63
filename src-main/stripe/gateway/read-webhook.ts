import Stripe from 'stripe';
import { AppError } from '#shared/errors.ts';
import type { ReadWebhook, StripeEvent } from './gateway.ts';
import { instantOf, secondsOf } from './read-objects.ts';

const TOLERANCE_SECONDS = 300;

/**
 * Checks the signature of a webhook over its raw body and reads the event. At most 300 seconds may lie between signing
 * and `now`. Throws `webhook_signature` (details.why: missing, wrong or old) where it is not from Stripe or not of now,
 * `invalid_argument` where it is signed but no event.
 */
export const readWebhook: ReadWebhook = (body, signature, secret, now) => {
  if (signature === undefined || signature.trim() === '') {
    throw new AppError(
      'webhook_signature',
      'The request has no Stripe-Signature header, so it is not taken for Stripe’s.',
      { details: { why: 'missing' } },
    );
  }
  let raw: unknown;
  try {
    raw = Stripe.webhooks.constructEvent(
      body,
      signature,
      secret,
      TOLERANCE_SECONDS,
      undefined,
      now.getTime(),
    );
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw notAnEvent();
    const old = /tolerance/.test(error.message);
    throw new AppError(
      'webhook_signature',
      old
        ? 'The webhook was signed more than 5 minutes ago. Check the clock of this computer; Stripe sends the event again.'
        : 'The signature does not fit the body and the endpoint’s secret (whsec_…). Check that the secret is this endpoint’s.',
      { details: { why: old ? 'old' : 'wrong' } },
    );
  }
  return toStripeEvent(raw, now);
};

/**
 * An event as it came from a webhook or a list. The payload is plain JSON and not to be applied: fetch the object it
 * names. One that does not say when it happened is of `otherwise`. Throws `invalid_argument` for what is no event.
 */
export function toStripeEvent(raw: unknown, otherwise = new Date()): StripeEvent {
  const event = findStripeEvent(raw, otherwise);
  if (event === undefined) throw notAnEvent();
  return event;
}

/** As above; undefined for what is no event. */
export function findStripeEvent(raw: unknown, otherwise: Date): StripeEvent | undefined {
  // Decimals of stripe-node are objects; JSON makes them text again.
  const payload: unknown = JSON.parse(JSON.stringify(raw ?? null));
  if (!isRecord(payload)) return undefined;
  const { id, type, data } = payload;
  // Only servers that are not Stripe leave these out, and they never hold real money.
  const livemode = payload.livemode ?? false;
  const created = payload.created ?? secondsOf(otherwise);
  if (
    typeof id !== 'string' ||
    !/^\S{1,255}$/.test(id) ||
    typeof type !== 'string' ||
    !/^\S{1,255}$/.test(type) ||
    typeof livemode !== 'boolean' ||
    typeof created !== 'number' ||
    Number.isNaN(instantOf(created).getTime()) ||
    !isRecord(data) ||
    !isRecord(data.object)
  ) {
    return undefined;
  }
  return {
    id,
    type,
    livemode,
    account: textOf(payload.account),
    apiVersion: textOf(payload.api_version),
    objectId: textOf(data.object.id),
    objectKind: textOf(data.object.object),
    createdAt: instantOf(created),
    payload,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function notAnEvent(): AppError {
  return new AppError('invalid_argument', 'This is not an event of Stripe’s.');
}
