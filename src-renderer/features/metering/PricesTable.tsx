import { Anchor } from '@mantine/core';
import { billingIntervalLabel, priceInWords } from '#renderer/format/metering.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { ListedPrice } from '#shared/ipc/metering.ts';
import { ActiveState } from './ActiveState.tsx';
import { MeteringLink } from './MeteringLink.tsx';

/** The metered prices; a price opens by its name. */
export function PricesTable({
  prices,
  onOpen,
}: {
  prices: readonly ListedPrice[];
  onOpen: (id: string) => void;
}) {
  if (prices.length === 0) {
    return (
      <EmptyState>
        There is no metered price yet. It says what the units of a meter cost, and is billed after
        each period.
      </EmptyState>
    );
  }
  return (
    <Table
      label="Metered prices"
      head={
        <>
          <th scope="col">Price</th>
          <th scope="col">Meter</th>
          <th scope="col">Costs</th>
          <th scope="col">Currency</th>
          <th scope="col">Billed</th>
          <th scope="col">State</th>
          <th scope="col">In Stripe</th>
        </>
      }
    >
      {prices.map((price) => (
        <tr key={price.id}>
          <th scope="row" data-wrap>
            <Anchor component="button" type="button" inherit onClick={() => onOpen(price.id)}>
              {price.name}
            </Anchor>
          </th>
          <td>{price.eventName}</td>
          <td>{priceInWords(price)}</td>
          <td>{price.currency.toUpperCase()}</td>
          <td>{billingIntervalLabel(price.interval)}</td>
          <td>
            <ActiveState active={price.active} />
          </td>
          <td data-wrap>
            <MeteringLink link={price.link} name={price.name} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
