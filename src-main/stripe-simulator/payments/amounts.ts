import { StripeRefusal } from '../route.ts';

/** The smallest amounts Stripe charges, in minor units; a currency not named has no lower bound here but 1. */
const smallestAmounts: Readonly<Record<string, number>> = {
  aud: 50,
  cad: 50,
  chf: 50,
  eur: 50,
  gbp: 30,
  jpy: 50,
  usd: 50,
};
const largestAmount = 99_999_999;

/** Refuses an amount (minor units) that Stripe would not charge: below the currency's smallest, or above eight digits. */
export function checkChargeable(amount: number, currency: string, parameter: string): void {
  const smallest = smallestAmounts[currency] ?? 1;
  if (amount < smallest) {
    throw new StripeRefusal(
      400,
      `Amount must convert to at least the smallest amount of ${currency}, which is ${smallest} in its minor unit.`,
      { code: 'amount_too_small', parameter },
    );
  }
  if (amount > largestAmount) {
    throw new StripeRefusal(
      400,
      `Amount must be no more than ${largestAmount} in the minor unit of ${currency}.`,
      { code: 'amount_too_large', parameter },
    );
  }
}
