import type { IncomingMessage, ServerResponse } from 'node:http';
import { settleAtEnd, writeRefusal } from './answer-end.ts';
import type { CreditsClient } from './credits-client.ts';
import { attachCredits } from './request-credits.ts';
import { admit, type RequireCreditsOptions, settle } from './require-credits.ts';

/**
 * Express middleware (4 or 5) before a handler that costs credits: holds them, lets the handler work, and captures them when it
 * answers with a status below 400. Any other status, a thrown error, or a caller who hangs up before the answer
 * releases them. Too few credits: 402 with the service's own answer, and the handler is not called.
 *
 * The capture comes before the answer, and the answer waits for it (one call of the service). After the answer would be
 * faster, and a crash or an unreachable service just then would give the work away unpaid, and so would every hold that the
 * work outlasts. The price: an answer that gets lost between the capture and the caller has been paid for. Of a streamed
 * answer only the end waits, or the last byte of an announced length; whoever hangs up before it has paid nothing, so capture first
 * what is worth something in part (`creditsOf(request).capture()`).
 *
 * A process that dies while the handler works leaves the hold behind; it runs out by itself. Errors: what the
 * service refuses for another reason than the customer's goes to `next`.
 */
export function expressRequireCredits<Request extends IncomingMessage = IncomingMessage>(
  client: CreditsClient,
  options: RequireCreditsOptions<Request>,
): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    let isGone = false;
    response.once('close', () => {
      isGone = true;
    });
    admit(client, options, request).then((admitted) => {
      if ('status' in admitted) {
        response.end(writeRefusal(response, admitted));
      } else if (isGone) {
        admitted.fail();
      } else {
        const gone = new AbortController();
        attachCredits(request, Object.assign(admitted, { signal: gone.signal }));
        settleAtEnd(
          response,
          admitted,
          (status) => settle(admitted, status, options),
          () => gone.abort(),
        );
        next();
      }
    }, next);
  };
}
