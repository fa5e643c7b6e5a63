import { useSession } from '#renderer/api/session.tsx';
import { subscriptionStatusLabel } from '#renderer/format/billing.ts';
import { formatDate } from '#renderer/format/time.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import styles from './billing.module.css';

type Subscription = Output<Contract['billing.customer']>['subscriptions'][number];

/** The plans that a customer pays for, as Stripe last showed them. */
export function SubscriptionsTable({ subscriptions }: { subscriptions: readonly Subscription[] }) {
  const { timeZone } = useSession();
  if (subscriptions.length === 0) return <p className={styles.empty}>No subscription.</p>;
  return (
    <Table
      label="Subscriptions"
      className={styles.table}
      head={
        <>
          <th scope="col">Plan</th>
          <th scope="col">State</th>
          <th scope="col">Current period</th>
          <th scope="col">Afterwards</th>
          <th scope="col">Id</th>
        </>
      }
    >
      {subscriptions.map((each) => (
        <tr key={each.id}>
          <th scope="row">{each.planTier ?? <span className={styles.muted}>Not known</span>}</th>
          <td data-wrap>{subscriptionStatusLabel(each.status)}</td>
          <td data-wrap>
            {each.currentPeriodStart === null || each.currentPeriodEnd === null ? (
              <span className={styles.muted}>None</span>
            ) : (
              `${formatDate(each.currentPeriodStart, timeZone)} to ${formatDate(each.currentPeriodEnd, timeZone)}`
            )}
          </td>
          <td data-wrap>
            {each.status === 'canceled'
              ? ''
              : each.cancelAtPeriodEnd
                ? 'Ends with the period'
                : 'Goes on'}
          </td>
          <td>
            <CopyableId value={each.id} label="Subscription id" />
          </td>
        </tr>
      ))}
    </Table>
  );
}
