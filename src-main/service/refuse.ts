import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { toAppError } from '../ipc/wire-errors.ts';
import type { Log } from '../logging/log.ts';
import { purchaseUrlFor } from './caller.ts';
import { fromAppError, HttpError } from './http-errors.ts';

/** Answers with an error of the table; whatever is none of it is `internal`, and told to the log alone. */
export function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const refusal = error === request.raw.errored ? cutOff(request.raw.errored) : toHttpError(error);
  if (refusal.status >= 500) {
    log.error('A request failed.', {
      request: request.id,
      code: refusal.code,
      error: refusal.cause ?? error,
    });
  }
  if (refusal.retryAfter !== undefined) reply.header('retry-after', refusal.retryAfter);
  if (refusal.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  return reply
    .code(refusal.status)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(bodyOf(refusal, request));
}

/** What is answered: code and message, the numbers, and the id under which the log has it. */
export function bodyOf(
  { code, message, details }: HttpError,
  request: FastifyRequest,
): Record<string, unknown> {
  return {
    error: code,
    message,
    ...(code === 'insufficient_credits' ? { purchase_url: purchaseUrlOf(request) } : {}),
    ...details,
    request_id: request.id,
  };
}

function purchaseUrlOf({ caller, params }: FastifyRequest): string | null {
  const customerId = (params as { customer_id?: string }).customer_id ?? '';
  return caller === null ? null : purchaseUrlFor(caller, customerId);
}

/** Whoever asked went away before all of it had come; nobody reads the answer, and the database had no part in it. */
function cutOff(cause: unknown): HttpError {
  return new HttpError('malformed_request', 'The request ended before all of it had come.', {
    cause,
  });
}

function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  // A connection lost under a posting was told apart where it was lost.
  const known = toAppError(error, 'query');
  const refusal = known && fromAppError(known);
  if (refusal) return refusal;
  if (hasZodFastifySchemaValidationErrors(error)) return fromSchema(error.validation);
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpError('too_large', 'The body is larger than 64 KB.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpError('unsupported_media_type', 'Send the body as application/json.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new HttpError('malformed_request', 'The body is not JSON.');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HttpError('malformed_request', 'The address cannot be read.');
  }
  if (isSendersFault(error)) {
    return new HttpError('malformed_request', 'The request cannot be read.');
  }
  return new HttpError(
    'internal',
    'Something unexpected went wrong in the service. Nothing is known to have changed: repeat the call with the same idempotency_key.',
    { cause: error },
  );
}

type SchemaIssue = { keyword: string; instancePath: string; message?: string; params: object };

/** Of several things that are wrong the first is told. Shape is 400, a value of the right type 422. */
function fromSchema(issues: readonly SchemaIssue[]): HttpError {
  const [issue] = issues.toSorted((a, b) => Number(isShape(b)) - Number(isShape(a)));
  const path = issue?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  const unknown = namesIn(issue?.params);
  const argument = [path, ...unknown.slice(0, 1)].filter((part) => part !== '').join('.') || 'body';
  const why = unknown.length > 0 ? 'is not known here' : (issue?.message ?? 'cannot be used');
  return new HttpError(
    issue && !isShape(issue) ? 'invalid_argument' : 'malformed_request',
    `${shortened(argument)}: ${shortened(why)}. Nothing was changed.`,
    { details: { argument: shortened(argument), why: shortened(why) } },
  );
}

function isShape({ keyword }: SchemaIssue): boolean {
  return ['invalid_type', 'unrecognized_keys', 'invalid_union', 'invalid_key'].includes(keyword);
}

function namesIn(params: object | undefined): string[] {
  const keys = params && 'keys' in params ? params.keys : [];
  return Array.isArray(keys) ? keys.map(String) : [];
}

/** What a caller sent may be long, and need not be text. */
function shortened(text: string): string {
  return text.slice(0, 200).replace(/\p{Cs}/gu, '\ufffd');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isSendersFault(error: unknown): boolean {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 500;
}
