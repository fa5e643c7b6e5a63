import type Stripe from 'stripe';
import { presentInvoice } from '../billing/invoice-document.ts';
import type { World } from '../world.ts';

// Previews are no invoices: neither state nor anything that a list shows. Their lines can be paged through for a while.
const shown = new WeakMap<World, Map<string, Stripe.Invoice>>();
const mostShown = 100;

/** The preview as Stripe answers it, with its first lines; the others can be listed by its id, until a hundred more were shown. */
export function showPreview(world: World, preview: Stripe.Invoice): Stripe.Invoice {
  const answer = presentInvoice(preview);
  if (!answer.lines.has_more) return answer;
  const previews = shown.get(world) ?? new Map<string, Stripe.Invoice>();
  shown.set(world, previews.set(preview.id, preview));
  for (const oldest of previews.keys()) {
    if (previews.size <= mostShown) break;
    previews.delete(oldest);
  }
  return answer;
}

/** A preview that was shown lately, with all of its lines. */
export function shownPreview(world: World, id: string): Stripe.Invoice | undefined {
  return shown.get(world)?.get(id);
}
