import { randomInt } from 'node:crypto';
import type Stripe from 'stripe';
import { present } from './expand.ts';
import { createCollection, objectNames } from './object-collection.ts';
import type { Snapshot } from './state-file.ts';
import type { Collection, CollectionName, Collections, World } from './world.ts';

/** The version of Stripe's API that the installed stripe package speaks, and the only one the simulator does. */
export const apiVersion = '2026-10-28.endive';

/** The request being handled: events say which one caused them. */
export type RequestContext = { id: string; idempotencyKey: string | null };

/** A world and what only its host may do with it. */
export type HostedWorld = {
  world: World;
  /** Runs work as part of a request, so that the events it emits name that request. */
  during: <Result>(request: RequestContext, work: () => Result) => Result;
  /** Does what is due by now, at most once for each second of the clock. */
  tick: () => void;
  takeSnapshot: () => Snapshot;
};

export type WorldOptions = {
  baseUrl: string;
  /** Real seconds since 1970. */
  now: () => number;
  accountId?: string;
  snapshot?: Snapshot;
  /** Called after every change. */
  changed: () => void;
  /** Called for every event, after it was recorded. */
  emitted: (event: Stripe.Event) => void;
};

const clockStep = 60 * 60;
const mostClockSteps = 2_000;

/** Makes a world: empty, or as it was when the snapshot was taken. */
export function createWorld(options: WorldOptions): HostedWorld {
  const { snapshot, changed } = options;
  const accountId = options.accountId ?? snapshot?.accountId ?? `acct_${randomText(16)}`;
  const kept = new Map<string, Map<string, unknown>>();
  const collections = new Map<CollectionName, Collection<{ id: string }>>();
  const works: ((world: World) => void)[] = [];
  let clockAhead = snapshot?.clockAhead ?? 0;
  let request: RequestContext | undefined;
  let tickedAt = 0;
  let working = false;

  for (const [name, objectName] of Object.entries(objectNames)) {
    collections.set(name as CollectionName, createCollection(objectName, changed));
  }
  for (const [name, objects] of Object.entries(snapshot?.collections ?? {})) {
    for (const object of objects) collections.get(name as CollectionName)?.insert(object);
  }
  for (const [name, entries] of Object.entries(snapshot?.kept ?? {})) {
    kept.set(name, new NotedMap(changed, entries));
  }

  const world: World = {
    accountId,
    baseUrl: options.baseUrl,
    now: () => Math.floor(options.now()) + clockAhead,
    advanceClock(to) {
      const from = world.now();
      if (!Number.isSafeInteger(to) || to < from) {
        throw new RangeError(
          `The simulator's clock is at ${from} and only goes forward, not to ${to}.`,
        );
      }
      // In steps, so that what falls due on the way happens at about its own time.
      const step = Math.max(clockStep, Math.ceil((to - from) / mostClockSteps));
      for (let reached = from; reached < to; ) {
        reached = Math.min(to, reached + step);
        clockAhead += Math.max(0, reached - world.now());
        work();
      }
      changed();
    },
    onClock: (added) => void works.push(added),
    newId: (prefix) => `${prefix}_${randomText(prefix.startsWith('cs_') ? 58 : 24)}`,
    collection<Name extends CollectionName>(name: Name) {
      return collections.get(name) as unknown as Collection<Collections[Name]>;
    },
    meterEvents: [...(snapshot?.meterEvents ?? [])],
    kept<Value>(name: string) {
      const found = kept.get(name) ?? new NotedMap(changed);
      kept.set(name, found);
      return found as Map<string, Value>;
    },
    emit(type, object, previousAttributes) {
      const shown = present(world, object);
      // The union of all events cannot be followed from a type held in a variable.
      const event = {
        id: world.newId('evt'),
        object: 'event',
        api_version: apiVersion,
        created: world.now(),
        data: {
          object: shown,
          ...(previousAttributes === undefined
            ? {}
            : { previous_attributes: structuredClone(previousAttributes) }),
        },
        livemode: false,
        pending_webhooks: 0,
        request: { id: request?.id ?? null, idempotency_key: request?.idempotencyKey ?? null },
        type,
      } as unknown as Stripe.Event;
      world.collection('events').insert(event);
      options.emitted(event);
    },
  };

  function work(): void {
    if (working) return;
    working = true;
    try {
      tickedAt = world.now();
      for (const due of works) due(world);
    } finally {
      working = false;
    }
  }

  return {
    world,
    during(context, task) {
      const outer = request;
      request = context;
      try {
        return task();
      } finally {
        request = outer;
      }
    },
    tick() {
      if (world.now() > tickedAt) work();
    },
    takeSnapshot: () => ({
      version: 1,
      accountId,
      clockAhead,
      collections: Object.fromEntries(
        [...collections].map(([name, objects]) => [name, [...objects.newestFirst()].reverse()]),
      ),
      meterEvents: world.meterEvents,
      kept: Object.fromEntries([...kept].map(([name, values]) => [name, [...values]])),
    }),
  };
}

/** A map that tells when it changes. */
class NotedMap extends Map<string, unknown> {
  readonly #changed: () => void;

  constructor(changed: () => void, entries: readonly (readonly [string, unknown])[] = []) {
    super();
    this.#changed = changed;
    for (const [key, value] of entries) super.set(key, value);
  }

  override set(key: string, value: unknown): this {
    super.set(key, value);
    this.#changed();
    return this;
  }

  override delete(key: string): boolean {
    const deleted = super.delete(key);
    if (deleted) this.#changed();
    return deleted;
  }
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function randomText(length: number): string {
  let text = '';
  while (text.length < length) text += alphabet[randomInt(alphabet.length)];
  return text;
}
