import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { CreditPackage } from '#shared/ipc/catalog.ts';
import { type ItemActs, ItemCells, ItemHeads } from './ItemCells.tsx';

const ACTIVE_WORDS = { on: 'On sale', off: 'Not on sale' };

/** The credit packages, each with its price and how it stands in Stripe. */
export function PackagesTable({
  packages,
  ...acts
}: { packages: readonly CreditPackage[] } & ItemActs<CreditPackage>) {
  if (packages.length === 0) return <EmptyState>There are no packages yet.</EmptyState>;
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
          <ItemHeads />
        </>
      }
    >
      {packages.map((item) => (
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
          <ItemCells item={item} id={item.id} activeWords={ACTIVE_WORDS} acts={acts} />
        </tr>
      ))}
    </Table>
  );
}
