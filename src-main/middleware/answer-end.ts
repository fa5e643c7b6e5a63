import type { ServerResponse } from 'node:http';
import { announcedLength, bytesOf, lengthIn } from './answer-length.ts';
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
 * what that resolves to is answered instead. The end is the call of `end`, or the last byte of a length that was announced:
 * whoever has that has all of it. Whoever hangs up before releases the hold, and `onAbort` is called. The first of
 * the two decides; what comes after finds the hold closed and does nothing.
 */
export function settleAtEnd(
  response: ServerResponse,
  work: HeldWork,
  settleFor: (status: number) => Promise<Refusal | undefined>,
  onAbort: () => void,
): void {
  const { end, write, writeHead } = untyped(response);
  /** What goes out once it is paid for, in order. */
  const waiting: (() => void)[] = [];
  let state: 'open' | 'waiting' | 'paid' | 'refused' = 'open';
  let isEnding = false;
  let bytesLeft: number | undefined;

  const goesFreely = () => state === 'paid' || (state === 'open' && work.isSettled);

  function goOutPaid(send: () => void): void {
    waiting.push(send);
    if (state === 'waiting') return;
    state = 'waiting';
    const restore = keepHead(response);
    settleFor(response.statusCode).then(
      (refusal) => {
        state = refusal ? 'refused' : 'paid';
        if (!refusal) {
          restore();
          for (const each of waiting) each();
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
  }

  response.end = ((...args: unknown[]) => {
    if (isEnding || state === 'refused') return response;
    if (state === 'open' && work.isSettled) return end.apply(response, args);
    isEnding = true;
    if (state === 'paid') end.apply(response, args);
    else goOutPaid(() => end.apply(response, args));
    return response;
  }) as ServerResponse['end'];

  response.write = ((...args: unknown[]) => {
    if (state === 'refused') return true;
    if (goesFreely()) return write.apply(response, args);
    bytesLeft ??= lengthIn(response.getHeader('content-length'));
    if (bytesLeft !== undefined) bytesLeft -= bytesOf(args[0], args[1]);
    const isLast = bytesLeft !== undefined && bytesLeft <= 0;
    if (state === 'open' && !isLast) return write.apply(response, args);
    goOutPaid(() => write.apply(response, args));
    // False would have the writer wait for a drain that need not come.
    return true;
  }) as ServerResponse['write'];

  response.writeHead = ((...args: unknown[]) => {
    // Headers that are given here alone are not among those that the response tells later.
    bytesLeft ??= announcedLength(args.at(-1));
    return writeHead.apply(response, args);
  }) as ServerResponse['writeHead'];

  response.once('close', () => {
    // It ended, all of it is out, or its end waits for its payment: nothing is left to stop.
    if (isEnding || state === 'paid' || response.writableEnded) return;
    onAbort();
    work.fail();
  });
}

/** Their overloads do not concern who passes arguments on. */
function untyped(response: ServerResponse) {
  const { end, write, writeHead } = response;
  return { end, write, writeHead } as unknown as Record<
    'end' | 'write' | 'writeHead',
    (...args: unknown[]) => ServerResponse & boolean
  >;
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
