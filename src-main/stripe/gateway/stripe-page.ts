import type { StripeStatus } from '#shared/ipc/stripe.ts';

/** The page of Stripe's dashboard that shows an object; null for the simulator's objects and kinds without a page. */
export function stripePageOf(
  objectId: string | null,
  { mode }: Pick<StripeStatus, 'mode'>,
): string | null {
  if (objectId === null || (mode !== 'test' && mode !== 'live')) return null;
  const folder = /^(pi|cs|in|re|pyr|dp|du|sub|mtr|price)_/.exec(objectId)?.[1];
  const places: Record<string, string> = {
    pi: 'payments',
    in: 'invoices',
    cs: 'checkout/sessions',
    re: 'refunds',
    pyr: 'refunds',
    dp: 'disputes',
    du: 'disputes',
    sub: 'subscriptions',
    mtr: 'meters',
    price: 'prices',
  };
  const place = folder === undefined ? undefined : places[folder];
  if (place === undefined) return null;
  return `https://dashboard.stripe.com/${mode === 'test' ? 'test/' : ''}${place}/${encodeURIComponent(objectId)}`;
}
