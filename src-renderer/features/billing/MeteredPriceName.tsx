import { useMeteringCatalog } from './queries.ts';

/** The name of a metered price; its id while the catalog is not known, and where it is not in it. */
export function MeteredPriceName({ id }: { id: string }) {
  const catalog = useMeteringCatalog();
  return catalog.data?.prices.find((price) => price.id === id)?.name ?? id;
}
