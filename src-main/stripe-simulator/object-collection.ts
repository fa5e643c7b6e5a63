import { StripeRefusal } from './route.ts';
import type { Collection, CollectionName } from './world.ts';

/** What Stripe calls one object of each collection in its messages. */
export const objectNames: Readonly<Record<CollectionName, string>> = {
  customers: 'customer',
  products: 'product',
  prices: 'price',
  checkout_sessions: 'checkout.session',
  payment_intents: 'payment_intent',
  payment_methods: 'PaymentMethod',
  charges: 'charge',
  refunds: 'refund',
  disputes: 'dispute',
  subscriptions: 'subscription',
  invoices: 'invoice',
  invoice_items: 'invoiceitem',
  invoice_payments: 'invoice_payment',
  meters: 'billing.meter',
  events: 'event',
  webhook_endpoints: 'webhook endpoint',
  test_clocks: 'test_clock',
};

/** Stripe's refusal of an id it does not know: 404 for the id of the path, 400 for one in a parameter. */
export function noSuchObject(name: string, id: string, parameter = 'id'): StripeRefusal {
  return new StripeRefusal(parameter === 'id' ? 404 : 400, `No such ${name}: '${id}'`, {
    code: 'resource_missing',
    parameter,
  });
}

/** A collection in memory, in order of insertion. `changed` is called after every change. */
export function createCollection<T extends { id: string }>(
  name: string,
  changed: () => void,
): Collection<T> {
  const objects = new Map<string, T>();
  /** Ids in order of insertion; those of removed objects stay until they are many. */
  let order: string[] = [];
  const removed = new Set<string>();

  function need(id: string, parameter?: string): T {
    const found = objects.get(id);
    if (found === undefined) throw noSuchObject(name, id, parameter);
    return found;
  }

  function tidy(): void {
    order = order.filter((id) => !removed.has(id));
    removed.clear();
  }

  return {
    get: (id) => objects.get(id),
    need,
    insert(object) {
      if (removed.has(object.id)) tidy();
      if (!objects.has(object.id)) order.push(object.id);
      objects.set(object.id, object);
      changed();
      return object;
    },
    update(id, change) {
      const updated = { ...need(id), ...change };
      objects.set(id, updated);
      changed();
      return updated;
    },
    remove(id) {
      if (!objects.delete(id)) return;
      removed.add(id);
      if (removed.size * 2 > order.length) tidy();
      changed();
    },
    *newestFirst() {
      const ids = order;
      for (let index = ids.length - 1; index >= 0; index -= 1) {
        const object = objects.get(ids[index] ?? '');
        if (object !== undefined) yield object;
      }
    },
    count: () => objects.size,
  };
}
