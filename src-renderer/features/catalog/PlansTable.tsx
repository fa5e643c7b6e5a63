import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { Plan } from '#shared/ipc/catalog.ts';
import { type ItemActs, ItemCells, ItemHeads } from './ItemCells.tsx';

const ACTIVE_WORDS = { on: 'Offered', off: 'Not offered' };

/** The plans, each with what it gives a month, what becomes of the rest, and how it stands in Stripe. */
export function PlansTable({ plans, ...acts }: { plans: readonly Plan[] } & ItemActs<Plan>) {
  if (plans.length === 0) return <EmptyState>There are no plans yet.</EmptyState>;
  return (
    <Table
      label="Plans"
      head={
        <>
          <th scope="col">Plan</th>
          <th scope="col" data-number>
            Credits a month
          </th>
          <th scope="col">Left over</th>
          <th scope="col" data-number>
            Price a month
          </th>
          <ItemHeads />
        </>
      }
    >
      {plans.map((item) => (
        <tr key={item.tier}>
          <th scope="row">{item.name}</th>
          <td data-number>
            <CreditAmount value={item.monthlyCredits} />
          </td>
          <td data-wrap>{rolloverWords(item)}</td>
          <td data-number>{item.price === null ? 'None' : <MoneyAmount value={item.price} />}</td>
          <ItemCells item={item} id={item.tier} activeWords={ACTIVE_WORDS} acts={acts} />
        </tr>
      ))}
    </Table>
  );
}

function rolloverWords(plan: Plan): string {
  if (plan.rollover === 'expire') return 'Expires with the period';
  if (plan.rollover === 'keep' || plan.rolloverCap === null) return 'Stays';
  return `Up to ${formatCreditsInWords(plan.rolloverCap)} stay`;
}
