import { formatNumber, formatUnitAmount } from '#renderer/format/metering.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { MeteredSubscription, ProjectedInvoice } from '#shared/ipc/metering.ts';
import styles from './metered-usage.module.css';
import { useProjectedInvoice } from './queries.ts';
import { nameOf } from './subscription-words.ts';

/** What the next invoice of a subscription would be now, as Stripe previews it: all its items on one invoice. */
export function NextInvoice({ subscription }: { subscription: MeteredSubscription }) {
  const invoice = useProjectedInvoice(subscription.id);
  const title = `Next invoice of ${nameOf(subscription)}, as it would be now`;
  return (
    <section className={styles.panel} aria-label={title}>
      <h3 className={styles.panelTitle}>{title}</h3>
      {invoice.data === undefined ? (
        invoice.isError ? (
          <ErrorState error={invoice.error} onRetry={() => void invoice.refetch()} />
        ) : (
          <LoadingRows count={3} label="Asking Stripe for a preview of the invoice" />
        )
      ) : (
        <Lines invoice={invoice.data} />
      )}
    </section>
  );
}

function Lines({ invoice }: { invoice: ProjectedInvoice }) {
  if (invoice.lines.length === 0) {
    return <p className={styles.muted}>Nothing would be on it.</p>;
  }
  return (
    <Table
      label="Lines of the next invoice"
      className={styles.lines}
      head={
        <>
          <th scope="col">Line</th>
          <th scope="col" data-number>
            Quantity
          </th>
          <th scope="col" data-number>
            One unit
          </th>
          <th scope="col" data-number>
            Amount
          </th>
        </>
      }
      foot={
        <tr>
          <th scope="row" colSpan={3}>
            Total
          </th>
          <td data-number>
            <MoneyAmount value={invoice.total} />
          </td>
        </tr>
      }
    >
      {invoice.lines.map(({ description, quantity, unitAmount, amount }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no id, and two may be alike
        <tr key={index}>
          <th scope="row" data-wrap>
            {description}
          </th>
          <td data-number>{quantity === null ? '' : formatNumber(quantity)}</td>
          <td data-number>
            {unitAmount === null ? '' : formatUnitAmount(unitAmount, amount.currency)}
          </td>
          <td data-number>
            <MoneyAmount value={amount} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
