import { randomUUID } from 'node:crypto';
import { randomFrom } from './random.ts';

/**
 * What can go wrong with a request. `429`, `401`, `403` and `503` answer before anything is done; `500` counts as done without an effect,
 * so that the same idempotency key gets the same 500 again, as at Stripe; `slow` waits and then works; `cut_before` destroys the connection
 * before anything is done; `cut_after` does the work and destroys the connection instead of answering.
 */
export const faultKinds = [
  '429',
  '500',
  '503',
  '401',
  '403',
  'slow',
  'cut_before',
  'cut_after',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Which requests a fault hits. */
export type FaultRule = {
  kind: FaultKind;
  /** Only requests of this method. */
  method?: 'GET' | 'POST' | 'DELETE';
  /** Only paths that start with this, such as /v1/refunds. */
  path?: string;
  /** How many of the matching requests it hits; without it, all until it is removed. */
  times?: number;
  /** The share of matching requests it hits, 0 to 1; which ones is decided by `seed`, the same for each run. */
  share?: number;
  seed?: number;
  /** How long `slow` waits, in milliseconds; 2,000 without it. */
  milliseconds?: number;
};

/** A rule in force. */
export type Fault = FaultRule & { id: string; hits: number };

/** The faults of one simulator. */
export type Faults = {
  /** Puts a rule in force and answers its id. */
  add: (rule: FaultRule) => string;
  remove: (id: string) => void;
  clear: () => void;
  list: () => readonly Fault[];
  /** The fault that hits a request, if any; the first rule that matches counts. */
  next: (method: string, path: string) => Fault | undefined;
};

/** No faults yet. */
export function createFaults(): Faults {
  let active: { fault: Fault; chance: () => number }[] = [];

  function remove(id: string): void {
    active = active.filter(({ fault }) => fault.id !== id);
  }

  return {
    add(rule) {
      const fault: Fault = { ...rule, id: randomUUID(), hits: 0 };
      active.push({ fault, chance: randomFrom(rule.seed ?? 1) });
      return fault.id;
    },
    remove,
    clear() {
      active = [];
    },
    list: () => active.map(({ fault }) => fault),
    next(method, path) {
      for (const { fault, chance } of active) {
        if (fault.method !== undefined && fault.method !== method) continue;
        if (fault.path !== undefined && !path.startsWith(fault.path)) continue;
        if (fault.share !== undefined && chance() >= fault.share) continue;
        fault.hits += 1;
        if (fault.times !== undefined && fault.hits >= fault.times) remove(fault.id);
        return fault;
      }
      return undefined;
    },
  };
}
