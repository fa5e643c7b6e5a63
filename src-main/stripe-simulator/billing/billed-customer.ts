import { idOf } from '../fields.ts';
import { needed } from '../missing-parameter.ts';
import type { World } from '../world.ts';

/**
 * The customer that a request names, or else the one of the invoice or subscription that it is for. Refuses where there is
 * neither, and a customer that does not exist.
 */
export function billedCustomer(
  world: World,
  named: string | undefined,
  billed: { customer: string | { id: string } | null } | null,
): string {
  const customer = needed(named ?? (idOf(billed?.customer) || undefined), 'customer');
  return world.collection('customers').need(customer, 'customer').id;
}
