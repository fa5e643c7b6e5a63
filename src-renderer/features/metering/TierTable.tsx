import { formatCredits } from '#renderer/format/credits.ts';
import { formatUnitAmount } from '#renderer/format/metering.ts';
import { Table } from '#renderer/ui/Table.tsx';
import type { Tier } from '#shared/metered-price.ts';

/** The tiers of a price: from which unit to which, what each unit costs there, and the fee for reaching the tier. */
export function TierTable({
  tiers,
  currency,
}: {
  tiers: readonly Pick<Tier, 'upTo' | 'unitAmount' | 'flatAmount'>[];
  currency: string;
}) {
  return (
    <Table
      label="Tiers"
      head={
        <>
          <th scope="col" data-number>
            From
          </th>
          <th scope="col" data-number>
            To
          </th>
          <th scope="col" data-number>
            Per unit
          </th>
          <th scope="col" data-number>
            Fee
          </th>
        </>
      }
    >
      {tiers.map(({ upTo, unitAmount, flatAmount }, index) => (
        <tr key={upTo ?? 'end'}>
          <th scope="row" data-number>
            {formatCredits((tiers[index - 1]?.upTo ?? 0) + 1)}
          </th>
          <td data-number>{upTo === null ? 'and beyond' : formatCredits(upTo)}</td>
          <td data-number>{formatUnitAmount(unitAmount, currency)}</td>
          <td data-number>
            {flatAmount === null ? 'None' : formatUnitAmount(flatAmount, currency)}
          </td>
        </tr>
      ))}
    </Table>
  );
}
