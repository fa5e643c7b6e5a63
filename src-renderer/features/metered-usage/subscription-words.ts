import type { MeteredSubscription } from '#shared/ipc/metering.ts';

/** Whether nothing more comes of a subscription. */
export function hasEnded({ status }: Pick<MeteredSubscription, 'status'>): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}

/** A subscription by what is in it: "Pro and API calls". */
export function nameOf({ items }: Pick<MeteredSubscription, 'items'>): string {
  if (items.length === 0) return 'No item';
  return new Intl.ListFormat('en').format(items.map(({ name }) => name));
}

/** When a running subscription ends by itself; null: it goes on. */
export function endOf(subscription: MeteredSubscription): string | null {
  const { cancelAt, cancelAtPeriodEnd, items } = subscription;
  if (hasEnded(subscription)) return null;
  if (cancelAt !== null) return cancelAt;
  if (!cancelAtPeriodEnd) return null;
  return (
    items
      .map(({ currentPeriodEnd }) => currentPeriodEnd)
      .sort()
      .at(-1) ?? null
  );
}
