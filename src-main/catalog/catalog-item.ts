import type { z } from 'zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import type { catalogLinkSchema } from '#shared/ipc/catalog.ts';
import { type Money, moneyDigits } from '#shared/money.ts';

export type ItemName = { kind: 'package' | 'plan'; id: string };

/** What Stripe has to know of a package or plan. */
export type CatalogItem = ItemName & {
  name: string;
  /** Credits of a package, or of a plan's month. */
  credits: number;
  /** Null: not sold through Stripe. */
  price: Money | null;
  active: boolean;
};

/** How an item stood in Stripe when a console last wrote it there. */
export type SoldItem = {
  priceId: string;
  productId: string;
  credits: number;
  price: Money;
  /** Null: not noted. */
  productName: string | null;
  productActive: boolean | null;
};

/** A workspace's database, and the Stripe account it sells in. */
export type CatalogTarget = {
  readonly database: QueryTarget;
  readonly gateway: StripeGateway;
  readonly accountId: string;
};

export type Link = z.input<typeof catalogLinkSchema>;

/** What finds an item again in Stripe, and stands on its product and price there beside name and amount. */
export function marksOf(item: CatalogItem) {
  return {
    lookupKey: `${item.kind}_${item.id}`,
    metadata: { [item.kind]: item.id, credits: String(item.credits) },
    interval: item.kind === 'plan' ? ('month' as const) : null,
  };
}

/** What an item is like in Stripe; `credits` is text there, and null where it is missing. */
export type Offered = {
  price: Money | null;
  credits: string | null;
  name: string | null;
  active: boolean | null;
};

/** What Stripe's version of an item differs in, a sentence each. Of an item that is not for sale only whether it is. */
export function differencesOf(item: CatalogItem, offered: Offered): string[] {
  const differences: string[] = [];
  const isSold = item.active && item.price !== null;
  if (offered.active !== null && offered.active !== isSold) {
    differences.push(
      isSold
        ? 'It is archived in Stripe, and for sale in the console.'
        : 'It is for sale in Stripe, and not in the console.',
    );
  }
  if (!isSold || item.price === null) return differences;
  if (!isSameMoney(offered.price, item.price)) {
    differences.push(
      `Stripe has ${offered.price === null ? 'no plain amount' : moneyText(offered.price)}, the console ${moneyText(item.price)}.`,
    );
  }
  if (offered.credits !== String(item.credits)) {
    differences.push(
      `Stripe has ${offered.credits === null ? 'no number of' : offered.credits} credits, the console ${item.credits}.`,
    );
  }
  if (offered.name !== null && offered.name !== item.name) {
    differences.push(`Stripe calls it “${offered.name}”, the console “${item.name}”.`);
  }
  return differences;
}

export function isSameMoney(one: Money | null, other: Money | null): boolean {
  return one?.amountMinor === other?.amountMinor && one?.currency === other?.currency;
}

function moneyText(money: Money): string {
  return `${money.currency.toUpperCase()} ${moneyDigits(money)}`;
}
