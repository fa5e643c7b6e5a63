import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { Plan } from '#shared/ipc/catalog.ts';
import classes from './catalog.module.css';
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
          <th scope="row">
            {item.name}
            {item.lowBalanceThreshold !== null && (
              <span className={classes.planLine}>
                Low below {formatCredits(item.lowBalanceThreshold)}
              </span>
            )}
          </th>
          <td data-number>
            <CreditAmount value={item.monthlyCredits} />
            {item.allocatesWithoutSubscription && (
              <span className={classes.planLine}>
                <StateBadge
                  tone="neutral"
                  title="Customers on the plan without a Stripe subscription get them too, once per calendar month (UTC)."
                >
                  Also without Stripe
                </StateBadge>
              </span>
            )}
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
