import { decimalsOf, type Money, moneyDigits } from '#shared/money.ts';

const MINUS = '\u2212';
const formats = new Map<string, Intl.NumberFormat>();

/** Intl's own decimals are ISO's; Stripe's differ for some currencies, and the amount is Stripe's. */
function format(currency: string): Intl.NumberFormat {
  let made = formats.get(currency);
  if (made === undefined) {
    const decimals = decimalsOf(currency);
    made = new Intl.NumberFormat('en', {
      // Intl throws at anything but three letters, such as a currency that is half typed.
      ...(/^[a-z]{3}$/i.test(currency) && { style: 'currency', currency: currency.toUpperCase() }),
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formats.set(currency, made);
  }
  return made;
}

/**
 * Money as text, exact, with the currency's own decimals: "$39.99", "¥500", "−$5.00" below zero. Where the currency is
 * none, such as one half typed, the number stands alone.
 */
export function formatMoney({ amountMinor, currency }: Money): string {
  // Formatted from digits: no float ever holds the amount.
  const digits = moneyDigits({ amountMinor: Math.abs(amountMinor), currency });
  const text = format(currency).format(digits as Intl.StringNumericLiteral);
  return amountMinor < 0 ? MINUS + text : text;
}

/** Money that moved, with its sign: "+$39.99", "−$39.99", "$0.00". */
export function formatSignedMoney(money: Money): string {
  return money.amountMinor > 0 ? `+${formatMoney(money)}` : formatMoney(money);
}

/** What a screen reader says: "39.99 USD", "minus 39.99 USD", and of a movement "plus 39.99 USD". */
export function spokenMoney(money: Money, options: { signed: boolean }): string {
  const amountMinor = Math.abs(money.amountMinor);
  const words = `${moneyDigits({ ...money, amountMinor })} ${money.currency.toUpperCase()}`;
  if (money.amountMinor < 0) return `minus ${words}`;
  return options.signed && money.amountMinor > 0 ? `plus ${words}` : words;
}
