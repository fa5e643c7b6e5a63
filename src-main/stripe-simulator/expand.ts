import { deletedObject } from './deleted-object.ts';
import { includables } from './includables.ts';
import { StripeRefusal } from './route.ts';
import type { CollectionName, World } from './world.ts';

/** The collection an id belongs to, by its prefix. */
const collectionsByPrefix: Readonly<Record<string, CollectionName>> = {
  cus: 'customers',
  prod: 'products',
  price: 'prices',
  cs: 'checkout_sessions',
  pi: 'payment_intents',
  pm: 'payment_methods',
  ch: 'charges',
  re: 'refunds',
  du: 'disputes',
  sub: 'subscriptions',
  in: 'invoices',
  inpay: 'invoice_payments',
  mtr: 'meters',
  evt: 'events',
  clock: 'test_clocks',
};

/** Fields whose ids need no prefix: a product may be created with an id of the caller's choice. */
const collectionsByField: Readonly<Record<string, CollectionName>> = { product: 'products' };

/** The permission a restricted key needs to see an object of the collection inside another. */
const readPermissions: Partial<Record<CollectionName, string>> = {
  customers: 'rak_customer_read',
  products: 'rak_product_read',
  prices: 'rak_plan_read',
  payment_intents: 'rak_payment_intent_read',
  payment_methods: 'rak_payment_method_read',
  charges: 'rak_charge_read',
  refunds: 'rak_charge_read',
  disputes: 'rak_dispute_read',
  subscriptions: 'rak_subscription_read',
  invoices: 'rak_invoice_read',
};

const deepest = 4;

type Wanted = { [field: string]: Wanted };

/**
 * What Stripe shows of an object: a copy, without the fields that must be asked for (tiers of a price, line items of a session),
 * and with the ids named in `expand` replaced by their objects. Paths go as deep as four; those of lists start with `data.`.
 * Refuses like Stripe what cannot be expanded, and calls `requirePermission` for each kind of object shown inside.
 */
export function present(
  world: World,
  object: object,
  expand: readonly string[] = [],
  requirePermission: (permission: string) => void = () => undefined,
): unknown {
  return show(object, wantedTree(expand), '');

  function show(value: unknown, wanted: Wanted | undefined, path: string): unknown {
    if (Array.isArray(value)) return value.map((item) => show(item, wanted, path));
    if (typeof value !== 'object' || value === null) return value;
    const kind = 'object' in value && typeof value.object === 'string' ? value.object : '';
    const onRequest = includables[kind] ?? {};
    const shown: Record<string, unknown> = {};
    for (const [field, content] of Object.entries(value)) {
      const inside = wanted?.[field];
      if (Object.hasOwn(onRequest, field)) continue;
      if (field === 'metadata' && inside === undefined) {
        shown[field] = structuredClone(content);
        continue;
      }
      shown[field] =
        inside === undefined
          ? show(content, undefined, path)
          : opened(field, content, inside, join(path, field));
    }
    for (const [field, inside] of Object.entries(wanted ?? {})) {
      if (Object.hasOwn(shown, field)) continue;
      const include = onRequest[field];
      if (include === undefined) throw cannotExpand(join(path, field));
      shown[field] = show(include(world, value), inside, join(path, field));
    }
    return shown;
  }

  function opened(field: string, content: unknown, inside: Wanted, path: string): unknown {
    if (content === null || typeof content === 'object') return show(content, inside, path);
    if (typeof content !== 'string') throw cannotExpand(path);
    const name = collectionsByPrefix[prefixOf(content)] ?? collectionsByField[field];
    if (name === undefined) {
      // Ids of what the simulator does not keep stay ids; a word such as a status is no id.
      if (!content.includes('_') || /_id$|^status$|^mode$|_status$/.test(field))
        throw cannotExpand(path);
      return content;
    }
    if (field === 'id') throw cannotExpand(path);
    const permission = readPermissions[name];
    if (permission !== undefined) requirePermission(permission);
    const found = world.collection(name).get(content) ?? deletedObject(world, content);
    return found === undefined ? content : show(found, inside, path);
  }
}

function wantedTree(expand: readonly string[]): Wanted {
  const tree: Wanted = Object.create(null);
  for (const path of expand) {
    const fields = path.split('.');
    if (fields.length > deepest + (fields[0] === 'data' ? 1 : 0)) {
      throw new StripeRefusal(
        400,
        `You cannot expand more than ${deepest} levels of a property. You attempted to expand: ${path}`,
        { parameter: 'expand' },
      );
    }
    let level = tree;
    for (const field of fields) {
      const next: Wanted = level[field] ?? Object.create(null);
      level[field] = next;
      level = next;
    }
  }
  return tree;
}

function cannotExpand(path: string): StripeRefusal {
  return new StripeRefusal(400, `This property cannot be expanded (${path}).`, {
    parameter: 'expand',
  });
}

const prefixOf = (id: string) => id.slice(0, Math.max(0, id.indexOf('_')));
const join = (path: string, field: string) => (path === '' ? field : `${path}.${field}`);
