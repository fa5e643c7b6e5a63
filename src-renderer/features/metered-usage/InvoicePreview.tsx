import { formatCredits } from '#renderer/format/credits.ts';
import { formatUnitAmount, formatUnits, tierRange } from '#renderer/format/metering.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { ListedPrice, ProjectedInvoice, SubscriptionItem } from '#shared/ipc/metering.ts';
import { checkInvoice, type InvoiceCheck } from './arithmetic.ts';
import styles from './metered-usage.module.css';
import { useMeteringCatalog, useProjectedInvoice } from './queries.ts';

/** What the next invoice would be now, as Stripe previews it, and what the console's own arithmetic says of one item. */
export function InvoicePreview({
  subscriptionId,
  item,
  meteredPriceId,
  unitsInStripe,
}: {
  subscriptionId: string;
  /** The item that the panel is about; undefined where the subscription has it no more. */
  item: SubscriptionItem | undefined;
  meteredPriceId: string | null;
  /** Undefined while Stripe has not said. */
  unitsInStripe: number | undefined;
}) {
  const invoice = useProjectedInvoice(subscriptionId);
  const catalog = useMeteringCatalog();
  const price = catalog.data?.prices.find(({ id }) => id === meteredPriceId);
  const check =
    invoice.data === undefined ||
    item === undefined ||
    price === undefined ||
    unitsInStripe === undefined
      ? null
      : checkInvoice({ price, item, units: unitsInStripe, invoice: invoice.data });
  return (
    <div className={styles.invoice}>
      <h4 className={styles.invoiceTitle}>Next invoice, as it would be now</h4>
      {invoice.data === undefined ? (
        invoice.isError ? (
          <ErrorState error={invoice.error} onRetry={() => void invoice.refetch()} />
        ) : (
          <LoadingRows count={3} label="Asking Stripe for a preview of the invoice" />
        )
      ) : (
        <Lines invoice={invoice.data} />
      )}
      {check !== null && price !== undefined && unitsInStripe !== undefined && (
        <OwnArithmetic check={check} price={price} units={unitsInStripe} />
      )}
    </div>
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
          <td data-number>{quantity === null ? '' : formatCredits(quantity)}</td>
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

function OwnArithmetic({
  check,
  price,
  units,
}: {
  check: InvoiceCheck;
  price: ListedPrice;
  units: number;
}) {
  const { currency, tiers } = price;
  const money = (amountMinor: number) => formatMoney({ amountMinor, currency });
  return (
    <>
      <p className={check.agrees ? styles.agrees : styles.differs}>
        {check.agrees ? (
          <>
            <strong>Agrees:</strong> by the console’s own arithmetic, {formatUnits(units)} of{' '}
            {price.name} cost {money(check.computedMinor)}.
          </>
        ) : (
          <>
            <strong>Differs:</strong> by the console’s own arithmetic, {formatUnits(units)} of{' '}
            {price.name} cost {money(check.computedMinor)}; the invoice has{' '}
            {money(check.invoicedMinor)}. A preview may be older than the summary: look again in a
            few minutes.
          </>
        )}
      </p>
      <ul className={styles.charges} aria-label={`What ${price.name} comes to, by tier`}>
        {check.charges.map(({ tier, units: unitsOfTier, unitsMinor, flatMinor }) => {
          const { upTo = null, unitAmount = '0' } = tiers[tier] ?? {};
          const from = (tiers[tier - 1]?.upTo ?? 0) + 1;
          return (
            <li key={tier}>
              {tierRange(from, upTo)}: {formatCredits(unitsOfTier)} ×{' '}
              {formatUnitAmount(unitAmount, currency)} = {money(unitsMinor)}
              {flatMinor !== 0 && `, and ${money(flatMinor)} for reaching it`}
            </li>
          );
        })}
      </ul>
    </>
  );
}
