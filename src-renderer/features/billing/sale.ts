import { call } from '#renderer/api/client.ts';
import type { ActWords } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatMoney } from '#renderer/format/money.ts';
import type { Checkout } from '#shared/ipc/billing.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { ListedPrice, MeteringCatalog } from '#shared/ipc/metering.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { Money } from '#shared/money.ts';

export type Catalog = Output<Contract['catalog.list']>;

/** Something that can be sold: a package, or a plan's month. */
export type SaleItem = { id: string; name: string; credits: number; price: Money; more: string };

/** What can be sold now: active packages, or active plans that have a price. */
export function itemsOf(catalog: Catalog, kind: Checkout['kind']): SaleItem[] {
  if (kind !== 'subscription') {
    return catalog.packages
      .filter(({ active }) => active)
      .map(({ id, name, credits, price }) => ({
        id,
        name,
        credits,
        price,
        more: name === formatCreditsInWords(credits) ? '' : formatCreditsInWords(credits),
      }));
  }
  return catalog.plans.flatMap(({ tier, name, monthlyCredits, price, active }) =>
    active && price !== null
      ? [
          {
            id: tier,
            name,
            credits: monthlyCredits,
            price,
            more: `${formatCreditsInWords(monthlyCredits)} a month`,
          },
        ]
      : [],
  );
}

/**
 * The metered prices that can be sold together with a plan: active, in Stripe as they are here, and billed as the plan is,
 * by the month and in its currency, because one subscription cannot hold both otherwise.
 */
export function meteredPricesBeside(plan: SaleItem, catalog: MeteringCatalog): ListedPrice[] {
  return catalog.prices.filter(
    ({ active, link, interval, currency }) =>
      active &&
      link.state === 'current' &&
      interval === 'month' &&
      currency === plan.price.currency,
  );
}

/** One try to make a payment link. A repeat with the same key answers with the same link. */
export type SaleAttempt = {
  customerId: string;
  kind: Checkout['kind'];
  itemId: string;
  meteredPriceId?: string;
  confirmedProduction: boolean;
  words: ActWords;
};

/** Makes a payment link once. Throws AppError. */
export function startCheckout(attempt: SaleAttempt, id: string): Promise<Checkout> {
  const { words: _, ...fields } = attempt;
  return call('billing.startCheckout', { id, ...fields });
}

/**
 * A sale in words: "Create link for 500 credits, $39.99", "Create link for Pro, $20.00 a month", "… and API calls by use".
 */
export function saleWords(
  kind: Checkout['kind'],
  item: SaleItem,
  options: { customer: string; meteredPrice: Pick<ListedPrice, 'name'> | null },
): ActWords {
  const { customer, meteredPrice } = options;
  const price = formatMoney(item.price);
  const byUse = meteredPrice === null ? '' : `, and ${meteredPrice.name} by use`;
  const what =
    kind === 'subscription'
      ? `${item.name}, ${price} a month${byUse}`
      : `${formatCreditsInWords(item.credits)}, ${price}`;
  return { customer, button: `Create link for ${what}`, done: `Created a link for ${what}` };
}
