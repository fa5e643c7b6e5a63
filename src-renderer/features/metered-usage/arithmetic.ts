import type {
  CustomerMetering,
  ListedPrice,
  ProjectedInvoice,
  SubscriptionItem,
} from '#shared/ipc/metering.ts';
import { amountOf, chargesOf, type Tier, type TierCharge } from '#shared/metered-price.ts';

export type UsageRow = CustomerMetering['usage'][number];

/** What the console computes for the usage that Stripe has, beside what the invoice says of the same price. Minor units. */
export type InvoiceCheck = {
  charges: TierCharge[];
  computedMinor: number;
  invoicedMinor: number;
  agrees: boolean;
};

/**
 * Computes a metered item of an invoice by the console's own arithmetic. Null where there is nothing to compare: the units
 * are not whole, the sum is beyond what can be billed, or the price is in another currency.
 */
export function checkInvoice(of: {
  price: Pick<ListedPrice, 'tiers' | 'currency'>;
  item: Pick<SubscriptionItem, 'priceId'>;
  units: number;
  invoice: ProjectedInvoice;
}): InvoiceCheck | null {
  const { price, item, units, invoice } = of;
  const lines = invoice.lines.filter(({ priceId }) => priceId === item.priceId);
  if (lines.some(({ amount }) => amount.currency !== price.currency)) return null;
  const computedMinor = amountIfAny(price.tiers, units);
  if (computedMinor === null) return null;
  const invoicedMinor = lines.reduce((sum, { amount }) => sum + amount.amountMinor, 0);
  return {
    charges: chargesOf(price.tiers, units),
    computedMinor,
    invoicedMinor,
    agrees: computedMinor === invoicedMinor,
  };
}

/** Usage that is about to be added. */
export type AddedUsage = { eventName: string; quantity: number; occurredAt: string | null };

/** What added usage comes to on one price, in minor units, or why that cannot be said. */
export type AddedCharge = { price: ListedPrice } & (
  | { amountMinor: number }
  /**
   * other_period: not on the next invoice; perhaps_older: of a meter that takes the newest value, a newer one may stand;
   * too_much: more than can be billed.
   */
  | { amountMinor: null; why: 'other_period' | 'perhaps_older' | 'too_much' }
);

/** What added usage comes to at the tiers that it reaches, for each metered price that the customer has of its meter. */
export function addedCharges(
  added: AddedUsage,
  known: { usage: readonly UsageRow[]; prices: readonly ListedPrice[]; now: Date },
): AddedCharge[] {
  const at = added.occurredAt === null ? known.now : new Date(added.occurredAt);
  return known.usage.flatMap((row): AddedCharge[] => {
    const price = known.prices.find(({ id }) => id === row.meteredPriceId);
    if (row.eventName !== added.eventName || price === undefined) return [];
    const { position, formula } = row;
    const isOfPeriod = at >= new Date(position.periodStart) && at < new Date(position.periodEnd);
    if (!isOfPeriod) return [{ price, amountMinor: null, why: 'other_period' }];
    // Of a meter that takes the newest value, only usage of this moment is known to be the newest.
    if (formula === 'last' && added.occurredAt !== null) {
      return [{ price, amountMinor: null, why: 'perhaps_older' }];
    }
    const before = position.reported;
    const after = formula === 'last' ? added.quantity : before + added.quantity;
    const amountBefore = amountIfAny(price.tiers, before);
    const amountAfter = amountIfAny(price.tiers, after);
    return amountBefore === null || amountAfter === null
      ? [{ price, amountMinor: null, why: 'too_much' }]
      : [{ price, amountMinor: amountAfter - amountBefore }];
  });
}

/** amountOf, or null where a quantity is none that could be billed. */
function amountIfAny(tiers: readonly Tier[], quantity: number): number | null {
  try {
    return amountOf(tiers, quantity);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
