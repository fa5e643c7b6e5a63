import { Button, VisuallyHidden } from '@mantine/core';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { CreditPackage } from '#shared/ipc/catalog.ts';
import { LinkState, sendLabel } from './LinkState.tsx';

/** The credit packages, each with its price and how it stands in Stripe. */
export function PackagesTable(props: {
  packages: readonly CreditPackage[];
  mayManage: boolean;
  maySend: boolean;
  sendingId: string | null;
  onEdit: (item: CreditPackage) => void;
  onSend: (id: string) => void;
}) {
  if (props.packages.length === 0) return <EmptyState>There are no packages yet.</EmptyState>;
  return (
    <Table
      label="Credit packages"
      head={
        <>
          <th scope="col">Package</th>
          <th scope="col" data-number>
            Credits
          </th>
          <th scope="col" data-number>
            Price
          </th>
          <th scope="col">State</th>
          <th scope="col">In Stripe</th>
          <th scope="col" data-actions>
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {props.packages.map((item) => {
        const send = sendLabel(item.link.state);
        return (
          <tr key={item.id}>
            <th scope="row" data-wrap>
              {item.name}
            </th>
            <td data-number>
              <CreditAmount value={item.credits} />
            </td>
            <td data-number>
              <MoneyAmount value={item.price} />
            </td>
            <td>
              <StateBadge tone={item.active ? 'good' : 'neutral'}>
                {item.active ? 'On sale' : 'Not on sale'}
              </StateBadge>
            </td>
            <td data-wrap>
              <LinkState link={item.link} />
            </td>
            <td data-actions>
              {props.maySend && send !== null && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  loading={props.sendingId === item.id}
                  aria-label={`${send}: ${item.name}`}
                  onClick={() => props.onSend(item.id)}
                >
                  {send}
                </Button>
              )}
              {props.mayManage && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={`Edit ${item.name}`}
                  onClick={() => props.onEdit(item)}
                >
                  Edit
                </Button>
              )}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}
