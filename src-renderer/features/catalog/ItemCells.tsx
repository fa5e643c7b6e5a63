import { Button, VisuallyHidden } from '@mantine/core';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { CatalogLink } from '#shared/ipc/catalog.ts';
import { LinkState, sendLabel } from './LinkState.tsx';

/** What can be done about the items of a table, and which of them is being sent. */
export type ItemActs<Item> = {
  mayManage: boolean;
  maySend: boolean;
  sendingId: string | null;
  onEdit: (item: Item) => void;
  onSend: (id: string) => void;
};

/** The headings over ItemCells. */
export function ItemHeads() {
  return (
    <>
      <th scope="col">State</th>
      <th scope="col">In Stripe</th>
      <th scope="col" data-actions>
        <VisuallyHidden>Actions</VisuallyHidden>
      </th>
    </>
  );
}

/** The end of an item's row: whether it is sold, how it stands in Stripe, and what can be done about it. */
export function ItemCells<Item extends { name: string; active: boolean; link: CatalogLink }>({
  item,
  id,
  activeWords,
  acts,
}: {
  item: Item;
  id: string;
  activeWords: { on: string; off: string };
  acts: ItemActs<Item>;
}) {
  const send = sendLabel(item.link.state);
  return (
    <>
      <td>
        <StateBadge tone={item.active ? 'good' : 'neutral'}>
          {item.active ? activeWords.on : activeWords.off}
        </StateBadge>
      </td>
      <td data-wrap>
        <LinkState link={item.link} />
      </td>
      <td data-actions>
        {acts.maySend && send !== null && (
          <Button
            size="compact-xs"
            variant="subtle"
            loading={acts.sendingId === id}
            aria-label={`${send}: ${item.name}`}
            onClick={() => acts.onSend(id)}
          >
            {send}
          </Button>
        )}
        {acts.mayManage && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={`Edit ${item.name}`}
            onClick={() => acts.onEdit(item)}
          >
            Edit
          </Button>
        )}
      </td>
    </>
  );
}
