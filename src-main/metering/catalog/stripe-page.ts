/** The account that the workspace is bound to, as its settings have it. */
export type BoundAccount = { account_id: string | null; livemode: boolean; simulated: boolean };

/** The page of Stripe's dashboard that shows a meter or a price; null in the simulator, which has no dashboard. */
export function stripePageOf(
  kind: 'meters' | 'prices',
  objectId: string,
  { livemode, simulated }: Pick<BoundAccount, 'livemode' | 'simulated'>,
): string | null {
  if (simulated) return null;
  return `https://dashboard.stripe.com/${livemode ? '' : 'test/'}${kind}/${encodeURIComponent(objectId)}`;
}
