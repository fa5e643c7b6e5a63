import { createHmac } from 'node:crypto';
import type Stripe from 'stripe';
import type { World } from './world.ts';

/** Sends events to the webhook endpoints, in order and in the background. */
export type Deliveries = {
  send: (event: Stripe.Event) => void;
  /** Ends when nothing is left to send or to try again. */
  done: () => Promise<void>;
  /** Stops; what is undelivered is tried again by the next start from the same state. */
  close: () => Promise<void>;
};

type Pending = { endpoint: string; event: string; payload: string; attempts: number };

/** Milliseconds before each further attempt. Stripe goes on for days; a simulator's receiver is there or it is not. */
const pauses = [500, 2_000, 8_000];
const longestAnswer = 10_000;

/** The Stripe-Signature header for a payload: Stripe's scheme v1, HMAC-SHA256 of `timestamp.payload`. */
export function signatureHeader(payload: string, secret: string, timestamp: number): string {
  const signature = createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex');
  return `t=${timestamp},v1=${signature}`;
}

/** @param now real seconds since 1970: receivers compare the signature's time with their own clock, not the simulator's */
export function startDeliveries(
  world: World,
  now: () => number,
  log: (message: string) => void,
): Deliveries {
  const pending = world.kept<Pending>('webhook_deliveries');
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  const lastOf = new Map<string, Promise<void>>();
  for (const [id, delivery] of pending) start(id, delivery);

  function start(id: string, delivery: Pending): void {
    // Each endpoint gets its events in order, as far as the first attempts go; a repeated attempt waits for nobody.
    const before = lastOf.get(delivery.endpoint) ?? Promise.resolve();
    const first = before.then(() => attempt(id, delivery));
    lastOf.set(delivery.endpoint, first);
    track(first);
  }

  function track(task: Promise<void>): void {
    const tracked = task.finally(() => running.delete(tracked));
    running.add(tracked);
  }

  async function attempt(id: string, delivery: Pending): Promise<void> {
    if (stopped.signal.aborted) return;
    const problem = await post(delivery);
    if (stopped.signal.aborted) return;
    const pause = pauses[delivery.attempts];
    if (problem === undefined) pending.delete(id);
    else if (pause === undefined) {
      pending.delete(id);
      log(`The simulator gave up on webhook ${delivery.event} to ${delivery.endpoint}: ${problem}`);
    } else {
      const next = { ...delivery, attempts: delivery.attempts + 1 };
      pending.set(id, next);
      track(rest(pause).then(() => attempt(id, next)));
    }
    const event = world.collection('events').get(delivery.event);
    if (event !== undefined && !pending.has(id)) {
      world.collection('events').update(event.id, { pending_webhooks: event.pending_webhooks - 1 });
    }
  }

  /** Sends one event; answers what went wrong, or undefined. */
  async function post(delivery: Pending): Promise<string | undefined> {
    const endpoint = world.collection('webhook_endpoints').get(delivery.endpoint);
    const secret = world.kept<string>('webhook_secrets').get(delivery.endpoint);
    if (endpoint === undefined || secret === undefined || endpoint.status !== 'enabled') {
      return undefined;
    }
    try {
      const answer = await fetch(endpoint.url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Stripe/1.0 (simulator of Credit Console)',
          'stripe-signature': signatureHeader(delivery.payload, secret, Math.floor(now())),
        },
        body: delivery.payload,
        signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(longestAnswer)]),
      });
      await answer.arrayBuffer();
      return answer.ok ? undefined : `it answered ${answer.status}`;
    } catch (error) {
      return String(error);
    }
  }

  /** A pause that closing ends early. */
  function rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      stopped.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  return {
    send(event) {
      const endpoints = [...world.collection('webhook_endpoints').newestFirst()].filter(
        ({ status, enabled_events: wanted }) =>
          status === 'enabled' && (wanted.includes('*') || wanted.includes(event.type)),
      );
      if (endpoints.length === 0) return;
      const recorded = world
        .collection('events')
        .update(event.id, { pending_webhooks: endpoints.length });
      const payload = JSON.stringify(recorded, undefined, 2);
      for (const endpoint of endpoints.reverse()) {
        const id = `${event.id} ${endpoint.id}`;
        const delivery = { endpoint: endpoint.id, event: event.id, payload, attempts: 0 };
        pending.set(id, delivery);
        start(id, delivery);
      }
    },
    async done() {
      while (running.size > 0) await Promise.all(running);
    },
    async close() {
      stopped.abort();
      await Promise.allSettled(running);
    },
  };
}
