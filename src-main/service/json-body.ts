import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { HttpError } from './http-errors.ts';

/**
 * Makes a server take JSON in UTF-8 and nothing else, strictly: no names twice in one object (what reads the first and what
 * reads the last would disagree about what was asked), nothing that reaches for prototypes. No body is no error here: the
 * route's schema says whether it needs one.
 */
export function takeJsonOnly(server: FastifyInstance): void {
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      const { 'content-encoding': encoding = 'identity' } = request.headers;
      if (encoding !== 'identity') {
        return done(
          new HttpError('unsupported_media_type', 'Send the body as it is, not compressed.'),
        );
      }
      if (body.length === 0) return done(null, undefined);
      if (!isUtf8(body)) {
        return done(new HttpError('malformed_request', 'The body is not text in UTF-8.'));
      }
      const text = body.toString('utf8');
      parseJson(request, text, (error, value) => {
        if (error) return done(error);
        if (countNames(text) !== countProperties(value)) {
          return done(
            new HttpError('malformed_request', 'The body names something twice in one object.'),
          );
        }
        done(null, value);
      });
      return undefined;
    },
  );
  // Clients name a type of their own choice, or none, for a body that is empty.
  server.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    done(new HttpError('unsupported_media_type', 'Send the body as application/json.'));
    return undefined;
  });
}

const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/** How many names stand in a valid JSON text: outside of strings, each is followed by the only kind of colon there is. */
function countNames(json: string): number {
  return json.replace(STRINGS, '').split(':').length - 1;
}

/** How many properties the objects of a value have together. Iterative: what was parsed may be nested deeper than a call stack. */
function countProperties(value: unknown): number {
  let count = 0;
  const left = [value];
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    if (typeof item !== 'object' || item === null) continue;
    const values = Object.values(item);
    if (!Array.isArray(item)) count += values.length;
    left.push(...values);
  }
  return count;
}
