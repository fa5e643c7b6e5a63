/** One page of a list of Stripe's. */
type ListPage<Item> = { data: Item[]; has_more: boolean };

/** How many items Stripe gives at once at most. */
export const PAGE_SIZE = 100;

/** The parameters of a next page. */
export function after(id: string | undefined): { limit: number; starting_after?: string } {
  return id === undefined ? { limit: PAGE_SIZE } : { limit: PAGE_SIZE, starting_after: id };
}

/** Every item of a list, in Stripe's order, once. `ask` gets the id after which the next page begins. */
export async function wholeList<Item extends { id: string }>(
  ask: (lastId: string | undefined) => Promise<ListPage<Item>>,
): Promise<Item[]> {
  const items = new Map<string, Item>();
  for (let lastId: string | undefined; ; ) {
    const known = items.size;
    const page = await ask(lastId);
    for (const item of page.data) items.set(item.id, item);
    lastId = page.data.at(-1)?.id;
    // A server that ignores where a page begins would give the same one for ever.
    if (page.has_more !== true || items.size === known) return [...items.values()];
  }
}

/** The items of a list inside an object, the first of which came with it; the rest is asked for. */
export async function restOfList<Item extends { id: string }>(
  begun: ListPage<Item> | null | undefined,
  ask: (lastId: string | undefined) => Promise<ListPage<Item>>,
): Promise<Item[]> {
  if (Array.isArray(begun?.data) && begun.has_more !== true) return begun.data;
  return wholeList(ask);
}
