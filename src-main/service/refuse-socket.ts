import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError } from 'fastify';
import { HttpError, type HttpErrorCode } from './http-errors.ts';

const HEADERS = { 'content-type': 'application/json; charset=utf-8', connection: 'close' };

export type SocketRefusals = {
  /** Answers what is no request at all, which reaches no route, and ends its connection. */
  refuse: (error: ConnectionError, socket: Socket) => void;
  /** Sees the server's requests come, for `refuse` to know of them. */
  watch: (server: Server) => void;
};

/**
 * The answers below the routes. What came whole before on the same connection is answered first, and by its route: an answer of
 * ours would be taken for its own, and would say of a use under way that nothing was changed.
 */
export function createSocketRefusals(): SocketRefusals {
  const underWay = new WeakMap<Socket, Map<ServerResponse, IncomingMessage>>();
  const ending = new WeakSet<Socket>();

  function lastToAnswer(socket: Socket): ServerResponse | undefined {
    const asked = [...(underWay.get(socket) ?? [])];
    return asked.findLast(([, request]) => request.complete)?.[0];
  }

  return {
    refuse(error, socket) {
      if (error.code === 'ECONNRESET' || socket.destroyed || ending.has(socket)) return;
      const last = lastToAnswer(socket);
      if (last) {
        ending.add(socket);
        if (!last.headersSent) last.setHeader('connection', 'close');
        last.once('close', () => socket.destroySoon());
        return;
      }
      if (socket.writable) socket.write(rawAnswer(codeOf(error)));
      socket.destroy(error);
    },
    watch(server) {
      server.on('checkExpectation', (_request, response) => {
        response.writeHead(400, HEADERS).end(bodyOf('malformed_request'));
      });
      server.on('request', (request, response) => {
        const asked = underWay.get(request.socket) ?? new Map();
        underWay.set(request.socket, asked.set(response, request));
        response.once('close', () => asked.delete(response));
      });
    },
  };
}

function rawAnswer(code: HttpErrorCode): string {
  const { status } = new HttpError(code, '');
  const body = bodyOf(code);
  return `HTTP/1.1 ${status} ${code}\r\nContent-Type: ${HEADERS['content-type']}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

function codeOf({ code }: ConnectionError): HttpErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'malformed_request';
}

function bodyOf(code: HttpErrorCode): string {
  return JSON.stringify({
    error: code,
    message: 'The request cannot be read. Nothing was changed.',
  });
}
