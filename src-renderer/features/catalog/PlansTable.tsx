import { Button, VisuallyHidden } from '@mantine/core';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { Plan } from '#shared/ipc/catalog.ts';
import { LinkState, sendLabel } from './LinkState.tsx';

/** The plans, each with what it gives a month, what becomes of the rest, and how it stands in Stripe. */
export function PlansTable(props: {
  plans: readonly Plan[];
  mayManage: boolean;
  maySend: boolean;
  sendingId: string | null;
  onEdit: (item: Plan) => void;
  onSend: (id: string) => void;
}) {
  if (props.plans.length === 0) return <EmptyState>There are no plans yet.</EmptyState>;
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
          <th scope="col">State</th>
          <th scope="col">In Stripe</th>
          <th scope="col" data-actions>
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {props.plans.map((item) => {
        const send = sendLabel(item.link.state);
        return (
          <tr key={item.tier}>
            <th scope="row">{item.name}</th>
            <td data-number>
              <CreditAmount value={item.monthlyCredits} />
            </td>
            <td data-wrap>{rolloverWords(item)}</td>
            <td data-number>{item.price === null ? 'None' : <MoneyAmount value={item.price} />}</td>
            <td>
              <StateBadge tone={item.active ? 'good' : 'neutral'}>
                {item.active ? 'Offered' : 'Not offered'}
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
                  loading={props.sendingId === item.tier}
                  aria-label={`${send}: ${item.name}`}
                  onClick={() => props.onSend(item.tier)}
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

function rolloverWords(plan: Plan): string {
  if (plan.rollover === 'expire') return 'Expires with the period';
  if (plan.rollover === 'keep' || plan.rolloverCap === null) return 'Stays';
  return `Up to ${formatCreditsInWords(plan.rolloverCap)} stay`;
}
