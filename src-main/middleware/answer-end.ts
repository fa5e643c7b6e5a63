import type { ServerResponse } from 'node:http';
import type { HeldWork } from './held-work.ts';
import type { Refusal } from './require-credits.ts';

/** Headers that describe an answer's body, and say nothing of a refusal's. */
export const BODY_HEADERS = [
  'content-length',
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-range',
  'transfer-encoding',
  'accept-ranges',
  'cache-control',
  'expires',
  'etag',
  'last-modified',
  'location',
];

/**
 * Ties work to its answer: the end of the answer waits until `settleFor` its status has captured or released the hold, and
 * what that resolves to is answered instead. Whoever hangs up before releases it, and `onAbort` is called. The first of
 * the two decides; what comes after finds the hold closed and does nothing.
 */
export function settleAtEnd(
  response: ServerResponse,
  work: HeldWork,
  settleFor: (status: number) => Promise<Refusal | undefined>,
  onAbort: () => void,
): void {
  const end = response.end as (...args: unknown[]) => ServerResponse;
  let isEnding = false;

  response.end = ((...args: unknown[]) => {
    if (isEnding) return response;
    if (work.isSettled) return end.apply(response, args);
    isEnding = true;
    const restore = keepHead(response);
    settleFor(response.statusCode).then(
      (refusal) => {
        if (!refusal) {
          restore();
          end.apply(response, args);
        } else if (response.headersSent) {
          // Part of it is on its way: cut off, it is no answer.
          response.destroy();
        } else {
          end.call(response, writeRefusal(response, refusal));
        }
      },
      // Only where `onError` throws: whether it was paid for is not known here, so it does not go out.
      () => response.destroy(),
    );
    return response;
  }) as ServerResponse['end'];

  response.once('close', () => {
    // All of it is out, or its end waits for its payment: too late to hang up.
    if (isEnding || response.writableFinished) return;
    onAbort();
    work.fail();
  });
}

/** Sets status and headers of a refusal, and returns its body as JSON. */
export function writeRefusal(response: ServerResponse, refusal: Refusal): string {
  for (const name of BODY_HEADERS) response.removeHeader(name);
  response.statusCode = refusal.status;
  const body = JSON.stringify(refusal.body);
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(body));
  if (refusal.retryAfterSeconds !== undefined) {
    response.setHeader('retry-after', refusal.retryAfterSeconds);
  }
  return body;
}

/**
 * Returns what puts status and headers back as they are now: a handler that fails after its answer finds the headers
 * still unsent, and its error handler writes others.
 */
function keepHead(response: ServerResponse): () => void {
  if (response.headersSent) return () => undefined;
  ignoreLateHeaders(response);
  const { statusCode, statusMessage } = response;
  const headers = response.getHeaders();
  return () => {
    response.statusCode = statusCode;
    response.statusMessage = statusMessage;
    for (const name of response.getHeaderNames()) {
      if (!(name in headers)) response.removeHeader(name);
    }
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined && response.getHeader(name) !== value) {
        response.setHeader(name, value);
      }
    }
  };
}

/**
 * Such an error handler may also come later: Express's own waits for the rest of the request once it saw the headers unsent. By
 * then the answer is out, and what it sets would throw where nobody catches it, and end the process.
 */
function ignoreLateHeaders(response: ServerResponse): void {
  for (const name of ['setHeader', 'appendHeader', 'removeHeader'] as const) {
    const change = response[name] as (...args: unknown[]) => unknown;
    Object.assign(response, {
      [name]: (...args: unknown[]) =>
        response.headersSent ? response : change.apply(response, args),
    });
  }
}
