import { AppError } from '#shared/errors.ts';
import type { AlertKind } from '#shared/ipc/alerts.ts';
import type { DeliveryOutcome } from '../delivery/outcome.ts';
import { signWebhook } from './sign-webhook.ts';

const TIMEOUT_MS = 10_000;
const GONE = 410;
/** The endpoint asks for fewer requests, or whoever stands before it says that it is away: the next one would meet the same. */
const NOT_NOW: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export type WebhookEvent = {
  /** The same for every attempt. */
  id: string;
  kind: AlertKind;
  occurredAt: Date;
  customerId: string;
  /** Credits. */
  balance: number;
  /** Credits. */
  threshold: number;
  transactionId: string;
  purchaseUrl: string | null;
  /** Sent to try the endpoint out: of no real customer. */
  isTest?: boolean;
};

/**
 * Posts an event, signed, and waits at most ten seconds. 2xx is taken, 410 is a refusal for good; everything else, redirects
 * included, is tried again. Never rejects.
 */
export async function postWebhook(
  { url, key, now }: { url: string; key: Buffer; now: () => Date },
  event: WebhookEvent,
): Promise<DeliveryOutcome> {
  const body = JSON.stringify(bodyOf(event));
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Credit-Console',
        ...signWebhook(key, { id: event.id, sentAt: now(), body }),
      },
      body,
    });
    // What it says besides is of no use, and may be of any length.
    await response.body?.cancel().catch(() => undefined);
    return outcomeOf(response.status);
  } catch (error) {
    const reason = `The webhook’s address did not answer: ${whyOf(error)}.`;
    const problem = problemOf(reason, error);
    return { kind: 'later', reason, problem, isUntouched: isNotConnected(error) };
  }
}

function bodyOf(event: WebhookEvent): unknown {
  return {
    id: event.id,
    type: `balance.${event.kind}`,
    created_at: event.occurredAt.toISOString(),
    ...(event.isTest ? { test: true } : {}),
    data: {
      customer_id: event.customerId,
      balance: event.balance,
      threshold: event.threshold,
      transaction_id: event.transactionId,
      purchase_url: event.purchaseUrl,
    },
  };
}

function outcomeOf(status: number): DeliveryOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent', answer: `HTTP ${status}` };
  const reason =
    status >= 300 && status < 400
      ? `The webhook’s address answered with a redirect (HTTP ${status}), which is not followed.`
      : `The webhook’s address answered HTTP ${status}.`;
  if (status === GONE) return { kind: 'failed', reason };
  return NOT_NOW.has(status)
    ? { kind: 'later', reason, problem: problemOf(reason) }
    : { kind: 'later', reason };
}

function problemOf(reason: string, cause?: unknown): AppError {
  return new AppError(
    'delivery_failed',
    `${reason} Nothing is lost; it is tried again by itself.`,
    {
      cause,
    },
  );
}

/** What keeps a connection from being made: nothing was said to the other side then. */
const NOT_CONNECTED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function isNotConnected(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && NOT_CONNECTED.has(cause.code);
}

/** fetch says “fetch failed”, and why in its cause. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} seconds`;
  const { cause } = error;
  if (cause instanceof AggregateError) return whyOf(cause.errors[0]);
  const text = cause instanceof Error ? cause.message : error.message;
  return text.slice(0, 300);
}
