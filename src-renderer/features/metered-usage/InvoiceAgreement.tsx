import { formatCredits } from '#renderer/format/credits.ts';
import { formatUnitAmount, formatUnits, tierRange } from '#renderer/format/metering.ts';
import { formatMoney } from '#renderer/format/money.ts';
import type { ListedPrice, SubscriptionItem } from '#shared/ipc/metering.ts';
import { checkInvoice, type InvoiceCheck } from './arithmetic.ts';
import styles from './metered-usage.module.css';
import { useMeteringCatalog, useProjectedInvoice } from './queries.ts';

/** What the console's own arithmetic says of one item beside the invoice; nothing while one of both is not known. */
export function InvoiceAgreement({
  subscriptionId,
  item,
  meteredPriceId,
  units,
}: {
  subscriptionId: string;
  item: SubscriptionItem;
  meteredPriceId: string | null;
  /** What Stripe's summary has. */
  units: number;
}) {
  const invoice = useProjectedInvoice(subscriptionId);
  const catalog = useMeteringCatalog();
  const price = catalog.data?.prices.find(({ id }) => id === meteredPriceId);
  if (invoice.data === undefined || price === undefined) return null;
  const check = checkInvoice({ price, item, units, invoice: invoice.data });
  return check === null ? null : <OwnArithmetic check={check} price={price} units={units} />;
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
    <div className={styles.invoice}>
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
    </div>
  );
}
