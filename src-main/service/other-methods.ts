import type { FastifyInstance } from 'fastify';
import { HttpError } from './http-errors.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

/** Adds routes, and answers the other methods of their addresses with 405 and what each address allows. */
export function withOtherMethods(server: FastifyInstance, addRoutes: () => void): void {
  const allowed = new Map<string, Set<string>>();
  let isAdding = true;
  server.addHook('onRoute', ({ routePath, method }) => {
    if (!isAdding) return;
    const methods = allowed.get(routePath) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    allowed.set(routePath, methods);
  });
  addRoutes();
  isAdding = false;
  for (const [url, methods] of allowed) {
    const list = [...methods].join(', ');
    const refuse = () => {
      throw new HttpError('method_not_allowed', `This address takes ${list}.`);
    };
    server.route({
      url,
      method: METHODS.filter((method) => !methods.has(method)),
      schema: { hide: true },
      // Before the body is looked at, whatever it is.
      onRequest: async (_request, reply) => {
        reply.header('allow', list);
        refuse();
      },
      handler: async () => refuse(),
    });
  }
}
