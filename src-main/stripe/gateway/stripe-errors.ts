import Stripe from 'stripe';
import { redactText } from '#main/logging/redact.ts';
import { AppError } from '#shared/errors.ts';
import { retryAfterMs } from './back-off.ts';
import { readableText } from './readable-text.ts';

type StripeFailure = InstanceType<typeof Stripe.errors.StripeError>;

/**
 * What went wrong at Stripe, as an AppError with a code of its own. Neither messages, details nor the cause hold the key,
 * whatever the server repeats of it. Errors that are none of Stripe's are given back as they are.
 */
export function toStripeError(error: unknown, key: string): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const hide = (text: string) => redactText(readableText(text).replaceAll(key, '***'));
  const said = hide(error.message).trim();
  const options = { details: detailsOf(error, hide), cause: withoutAnswer(error, said) };
  const status = error.statusCode;

  if (error instanceof Stripe.errors.StripeConnectionError) {
    return new AppError(
      'stripe_unavailable',
      'Stripe did not answer, so it is not known whether it did what was asked.',
      options,
    );
  }
  if (error instanceof Stripe.errors.StripeRateLimitError) {
    const wait = retryAfterMs(error);
    const seconds = wait === undefined ? undefined : Math.ceil(wait / 1_000);
    return new AppError('stripe_rate_limited', 'Stripe asks for fewer requests.', {
      ...options,
      details: { ...options.details, retryAfterSeconds: seconds },
    });
  }
  if (status === 401 || error.code === 'secret_key_required') {
    return new AppError('stripe_key_invalid', `Stripe does not accept the key. ${said}`, options);
  }
  if (status === 403) return permissionError(said, options);
  if (/similar object exists in (live|test) mode/.test(said)) {
    return new AppError(
      'stripe_other_mode',
      `What was asked for belongs to the other mode of the account. Stripe says: ${said}`,
      options,
    );
  }
  if (status === 404 || (status === 400 && error.code === 'resource_missing')) {
    return new AppError('stripe_not_found', `Stripe does not have this. It says: ${said}`, options);
  }
  // 409: another request with the same key is still at work. No status: the answer was not JSON. What is no 4xx, or says
  // that time ran out, comes from something between: Stripe itself refuses with another one.
  if (status === undefined || status < 400 || [408, 409, 425].includes(status) || status >= 500) {
    return new AppError(
      'stripe_unavailable',
      `Stripe could not answer, so it is not known whether it did what was asked. ${said}`.trim(),
      options,
    );
  }
  return new AppError(
    'stripe_refused',
    `Stripe refused this: ${said || `status ${status}`}`,
    options,
  );
}

function permissionError(
  said: string,
  options: { details: Record<string, unknown>; cause: Error },
): AppError {
  const names = [...new Set(said.match(/\brak_\w+/g) ?? [])];
  if (names.length === 0) {
    return new AppError(
      'stripe_permission',
      `The key may not do this. Stripe says: ${said}`,
      options,
    );
  }
  const needs = names.join(', ');
  return new AppError(
    'stripe_permission',
    `The restricted key lacks the permission ${needs}. Add it to the key in Stripe’s dashboard.`,
    { ...options, details: { ...options.details, needs } },
  );
}

function detailsOf(error: StripeFailure, hide: (text: string) => string): Record<string, unknown> {
  const shown = {
    code: error.code ?? (error.rawType === 'idempotency_error' ? error.rawType : undefined),
    declineCode: error.decline_code,
    parameter: error.param,
    status: error.statusCode,
    requestId: error.requestId,
  };
  return Object.fromEntries(
    Object.entries(shown)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? hide(value) : value]),
  );
}

/** stripe-node hangs the whole answer on its errors; what is passed on has only what finds the fault. */
function withoutAnswer(error: StripeFailure, said: string): Error {
  const cause = new Error(said);
  cause.name = error.type;
  const below: unknown = error.detail;
  if (below instanceof Error && 'code' in below) Object.assign(cause, { code: below.code });
  return cause;
}
