import { setTimeout as wait } from 'node:timers/promises';
import { CreditsError } from './credits-error.ts';

/** Where the service is, and how patiently it is called. */
export type Service = {
  url: string;
  apiKey: string;
  /** One attempt may take so long. */
  timeoutMs: number;
  /** All in all, the first one included. */
  attempts: number;
  /** Before the second attempt; doubled with each further one, and varied by half, so that clients spread out. */
  firstWaitMs: number;
};

export type ServiceCall = {
  method: 'GET' | 'POST';
  /** Below the service's URL, encoded. */
  path: string;
  body?: Record<string, unknown>;
};

export type Answer = Record<string, unknown>;

/** Whoever is told to wait longer than this gives up: a request of its own waits behind it. */
const WAIT_MS_MAX = 5_000;

/** Node's and undici's codes for a connection that never was: nothing has been sent. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Statuses that a later attempt may do away with. 502 and 504 come from proxies before the service. */
const PASSING = new Set([0, 429, 502, 503, 504]);

/**
 * One call of the service, attempted again with growing waits where the network, a rate limit or a busy service was in
 * the way. Every call of the client may be attempted again: it reads, or carries a key, or names the hold it closes.
 * Errors: CreditsError of the last attempt.
 */
export async function callService(service: Service, call: ServiceCall): Promise<Answer> {
  let wasLost = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptCall(service, call);
    } catch (error) {
      if (!(error instanceof CreditsError)) throw error;
      wasLost ||= error.outcomeUnknown;
      // A keyed call that is refused now would have been answered by its first outcome, had it had one.
      error.outcomeUnknown = wasLost && (error.isUnavailable || error.code === 'hold_closed');
      const waitMs = waitBefore(attempt + 1, service, error);
      if (!PASSING.has(error.status) || attempt >= service.attempts || waitMs > WAIT_MS_MAX) {
        throw error;
      }
      await wait(waitMs);
    }
  }
}

function waitBefore(attempt: number, { firstWaitMs }: Service, error: CreditsError): number {
  const backOffMs = firstWaitMs * 2 ** (attempt - 2) * (0.5 + Math.random());
  return Math.max(backOffMs, error.retryAfterMs ?? 0);
}

async function attemptCall(service: Service, call: ServiceCall): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(service.url + call.path, {
      method: call.method,
      headers: {
        authorization: `Bearer ${service.apiKey}`,
        accept: 'application/json',
        ...(call.body && { 'content-type': 'application/json' }),
      },
      ...(call.body && { body: JSON.stringify(call.body) }),
      // The key is for this address only.
      redirect: 'error',
      signal: AbortSignal.timeout(service.timeoutMs),
    });
    text = await response.text();
  } catch (error) {
    throw unreachable(service, error);
  }
  const answer = parseObject(text);
  if (response.ok && answer) return answer;
  throw refused(response, answer);
}

function unreachable(service: Service, cause: unknown): CreditsError {
  const inner = cause instanceof Error ? cause.cause : undefined;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : '';
  const isLate = cause instanceof Error && cause.name === 'TimeoutError';
  const error = new CreditsError({
    status: 0,
    code: 'unreachable',
    message: isLate
      ? `The credits service did not answer within ${service.timeoutMs} ms.`
      : `The credits service cannot be reached${code && ` (${code})`}.`,
    cause,
  });
  error.outcomeUnknown = !NEVER_SENT.has(code);
  return error;
}

function refused(response: Response, answer: Answer | undefined): CreditsError {
  const { status } = response;
  const { error: code, message, ...details } = answer ?? {};
  const isOurs = typeof code === 'string';
  const error = new CreditsError({
    status,
    code: isOurs ? code : 'unexpected_answer',
    message: !isOurs
      ? `What answers at the address of the credits service is not it (status ${status}).`
      : typeof message === 'string'
        ? message
        : code,
    ...(isOurs && { details }),
    ...retryAfterOf(response),
  });
  // `unavailable` says that nothing was changed; any other failure may have come after the deed.
  error.outcomeUnknown = status >= 500 && code !== 'unavailable';
  return error;
}

function retryAfterOf({ headers }: Response): { retryAfterMs?: number } {
  const value = headers.get('retry-after');
  if (value === null) return {};
  const seconds = Number(value);
  const waitMs = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1_000;
  return waitMs > 0 ? { retryAfterMs: waitMs } : {};
}

function parseObject(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
  } catch {
    return undefined;
  }
}
