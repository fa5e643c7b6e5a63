import { call } from '#renderer/api/client.ts';
import type { ActWords } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatMoney } from '#renderer/format/money.ts';
import type { Checkout } from '#shared/ipc/billing.ts';
import type { Contract } from '#shared/ipc/contract.ts';
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

/** One try to make a payment link. A repeat with the same key answers with the same link. */
export type SaleAttempt = {
  customerId: string;
  kind: Checkout['kind'];
  itemId: string;
  confirmedProduction: boolean;
  words: ActWords;
};

/** Makes a payment link once. Throws AppError. */
export function startCheckout(attempt: SaleAttempt, id: string): Promise<Checkout> {
  const { words: _, ...fields } = attempt;
  return call('billing.startCheckout', { id, ...fields });
}

/** A sale in words: "Create link for 500 credits, $39.99", "Create link for Pro, $20.00 a month". */
export function saleWords(kind: Checkout['kind'], item: SaleItem, customer: string): ActWords {
  const price = formatMoney(item.price);
  const what =
    kind === 'subscription'
      ? `${item.name}, ${price} a month`
      : `${formatCreditsInWords(item.credits)}, ${price}`;
  return { customer, button: `Create link for ${what}`, done: `Created a link for ${what}` };
}
