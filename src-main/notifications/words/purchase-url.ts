/** Where a customer buys more: the saved address with their id for {customer_id}; null where none is saved. */
export function purchaseUrlFor(purchaseUrl: string | null, customerId: string): string | null {
  if (purchaseUrl === null) return null;
  return purchaseUrl.replaceAll('{customer_id}', encodeURIComponent(customerId));
}
