import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What becomes of one request: it reaches the service and its answer is lost, or it never reaches it. */
type Fault =
  | { kind: 'lost answer' }
  | { kind: 'instead'; status: number; headers: Record<string, string>; body: string };

/** Stands before the credits service and does what networks and proxies do. */
export type ServiceProxy = {
  url: string;
  /** Requests that came, such as `POST holds`, `POST holds/7/capture`: below the customer. */
  requests: string[];
  /** The next request for an address that ends so takes effect, and its connection is cut instead of an answer. */
  loseAnswer: (ending: string) => void;
  /** The next request for an address that ends so is answered here, and the service never sees it. */
  answerInstead: (
    ending: string,
    answer: { status: number; headers?: Record<string, string>; body?: string },
  ) => void;
  /** While true, whoever connects is cut off at once, and the service sees nothing. */
  isDown: boolean;
  close: () => Promise<void>;
};

/** A proxy before the service at `target`, on a free port of this computer. */
export async function startServiceProxy(target: string): Promise<ServiceProxy> {
  const faults: { ending: string; fault: Fault }[] = [];
  const server = createServer(async (request, response) => {
    const address = request.url ?? '';
    proxy.requests.push(`${request.method} ${address.replace(/^\/v1\/customers\/[^/]+\//, '')}`);
    if (proxy.isDown) {
      request.socket.destroy();
      return;
    }
    const index = faults.findIndex(({ ending }) => address.endsWith(ending));
    const [planned] = index < 0 ? [] : faults.splice(index, 1);
    if (planned?.fault.kind === 'instead') {
      const { status, headers, body } = planned.fault;
      response.writeHead(status, headers).end(body);
      return;
    }
    const body = await text(request);
    const answer = await fetch(target + address, {
      method: request.method ?? 'GET',
      headers: {
        authorization: request.headers.authorization ?? '',
        ...(body !== '' && { 'content-type': 'application/json' }),
      },
      ...(body !== '' && { body }),
    });
    const answered = await answer.text();
    if (planned) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answered);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: ServiceProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    loseAnswer: (ending) => faults.push({ ending, fault: { kind: 'lost answer' } }),
    answerInstead: (ending, { status, headers = {}, body = '' }) =>
      faults.push({ ending, fault: { kind: 'instead', status, headers, body } }),
    isDown: false,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
