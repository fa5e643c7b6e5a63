import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'qs';
import type { ApiKeys } from './api-keys.ts';
import { checkRequest } from './check-request.ts';
import { apiVersion, type HostedWorld } from './create-world.ts';
import { present } from './expand.ts';
import type { Fault, Faults } from './faults.ts';
import type { Idempotency, KeptAnswer } from './idempotency.ts';
import { type PathPattern, pathPattern } from './path-match.ts';
import { type Route, StripeRefusal } from './route.ts';
import { routes } from './routes.ts';

export type HttpRequest = {
  method: string;
  path: string;
  /** Without the question mark. */
  query: string;
  body: string;
  headers: IncomingHttpHeaders;
};
export type Answer = { status: number; headers: Record<string, string>; body: string };

/** What a call of Stripe's API needs. */
export type ApiCaller = HostedWorld & {
  readonly keys: ApiKeys;
  readonly faults: Faults;
  readonly idempotency: Idempotency;
};

const usualDelay = 2_000;
const decoding = { depth: 20, arrayLimit: 10_000, parameterLimit: 50_000 };
const patterns: readonly { route: Route; match: PathPattern; checkName: string }[] = routes.map(
  (route) => ({
    route,
    match: pathPattern(route.path),
    checkName: `${route.method} ${route.path.replaceAll(/\{[^}]+\}/g, '{id}')}`,
  }),
);

/** Answers one call of Stripe's API, or says that the connection is to be cut. */
export async function handleApiCall(
  caller: ApiCaller,
  request: HttpRequest,
): Promise<Answer | 'cut'> {
  const requestId = `req_${randomBytes(7).toString('hex')}`;
  const fault = caller.faults.next(request.method, request.path);
  if (fault?.kind === 'cut_before') return 'cut';
  try {
    refuseByFault(fault);
    const key = caller.keys.identify(request.headers.authorization);
    refuseOtherVersion(request.headers['stripe-version']);
    const { route, path, checkName } = findRoute(request);
    if (route.permission !== undefined) caller.keys.require(key, route.permission);
    caller.tick();
    const answered = await once(caller, request, requestId, async () => {
      if (fault?.kind === 'slow') await wait(fault.milliseconds ?? usualDelay);
      const { expand, parameters } = readParameters(route, request, checkName);
      if (fault?.kind === '500') throw new Executed(serverError());
      const idempotencyKey = keyOf(request) ?? null;
      return caller.during({ id: requestId, idempotencyKey }, () => {
        try {
          const object = route.handle(caller.world, { path, parameters, apiKey: key });
          const require = (permission: string) => caller.keys.require(key, permission);
          return present(caller.world, object, expand, require);
        } catch (error) {
          throw error instanceof StripeRefusal ? new Executed(error) : error;
        }
      });
    });
    return fault?.kind === 'cut_after' ? 'cut' : answered;
  } catch (error) {
    if (error instanceof StripeRefusal) return answerRefusal(error, requestId);
    throw error;
  }
}

/** A refusal that came from doing the work: its answer is kept for the idempotency key, unlike that of a malformed request. */
class Executed extends Error {
  readonly refusal: StripeRefusal;
  constructor(refusal: StripeRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Does the work, or gives the answer again where the idempotency key was used before. */
async function once(
  caller: ApiCaller,
  request: HttpRequest,
  requestId: string,
  work: () => Promise<unknown>,
): Promise<Answer> {
  const key = request.method === 'POST' ? keyOf(request) : undefined;
  const held = key === undefined ? undefined : caller.idempotency.begin(key, request);
  if (held !== undefined && 'replay' in held) return answerAgain(held.replay, requestId);
  let answered: Answer;
  try {
    answered = answerJson(200, await work(), requestId);
  } catch (error) {
    if (!(error instanceof Executed)) {
      held?.release();
      throw error;
    }
    answered = answerRefusal(error.refusal, requestId);
  }
  held?.keep({ status: answered.status, body: answered.body, requestId });
  return answered;
}

function keyOf(request: HttpRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}

function findRoute(request: HttpRequest) {
  for (const { route, match, checkName } of patterns) {
    if (route.method !== request.method) continue;
    const path = match(request.path);
    if (path !== undefined) return { route, path, checkName };
  }
  throw new StripeRefusal(
    404,
    `Unrecognized request URL (${request.method}: ${request.path}). The simulator has only the calls listed in its README.`,
  );
}

function readParameters(route: Route, request: HttpRequest, checkName: string) {
  const { expand, ...given } = decode(request);
  const parameters = route.unchecked === true ? given : checkRequest(checkName, given);
  if (expand === undefined) return { expand: [], parameters };
  if (Array.isArray(expand) && expand.every((path) => typeof path === 'string')) {
    return { expand, parameters };
  }
  throw new StripeRefusal(400, 'Invalid array', { parameter: 'expand' });
}

/** Body of a POST, query of anything else; API v2 takes JSON. */
function decode(request: HttpRequest): Record<string, unknown> {
  if (request.method !== 'POST') return parse(request.query, decoding);
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('application/json')) return parse(request.body, decoding);
  try {
    const value: unknown = JSON.parse(request.body === '' ? '{}' : request.body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Falls through: what cannot be read is refused below.
  }
  throw new StripeRefusal(400, 'Invalid request: the body must be a JSON object.');
}

function refuseOtherVersion(version: string | string[] | undefined): void {
  if (version === undefined || version === apiVersion) return;
  throw new StripeRefusal(
    400,
    `Invalid Stripe API version: ${String(version)}. The simulator speaks ${apiVersion} only.`,
  );
}

function refuseByFault(fault: Fault | undefined): void {
  switch (fault?.kind) {
    case '429':
      throw new StripeRefusal(429, 'Request rate limit exceeded.', {
        type: 'invalid_request_error',
        code: 'rate_limit',
      });
    case '503':
      throw new StripeRefusal(503, 'The service is unavailable. Try again later.', {
        type: 'api_error',
      });
    case '401':
      throw new StripeRefusal(401, 'Invalid API Key provided: sk_test_****');
    case '403':
      throw new StripeRefusal(
        403,
        'The provided key does not have access to this resource (or application access may have been revoked).',
      );
    default:
  }
}

function serverError(): StripeRefusal {
  return new StripeRefusal(
    500,
    'Sorry! There was an error while talking to one of our backends. Support has been notified.',
    { type: 'api_error' },
  );
}

function answerJson(status: number, content: unknown, requestId: string): Answer {
  return { status, headers: headersFor(requestId), body: JSON.stringify(content) };
}

function answerRefusal(refusal: StripeRefusal, requestId: string): Answer {
  const { code, parameter } = refusal;
  const error = {
    type: refusal.type,
    ...(code === undefined
      ? {}
      : { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` }),
    ...(parameter === undefined ? {} : { param: parameter }),
    message: refusal.message,
    ...refusal.details,
  };
  return answerJson(refusal.status, { error }, requestId);
}

function answerAgain(kept: KeptAnswer, requestId: string): Answer {
  return {
    status: kept.status,
    headers: {
      ...headersFor(requestId),
      'idempotent-replayed': 'true',
      'original-request': kept.requestId,
    },
    body: kept.body,
  };
}

function headersFor(requestId: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'request-id': requestId,
    'stripe-version': apiVersion,
  };
}
