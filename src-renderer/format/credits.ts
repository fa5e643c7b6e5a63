const MINUS = '\u2212';
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Credits with their groups of three: "1,234", and "−1,234" below zero. Never rounded. */
export function formatCredits(credits: number): string {
  const text = grouped.format(Math.abs(credits));
  return credits < 0 ? MINUS + text : text;
}

/** A movement with its sign: "+1,234", "−1,234", "0". */
export function formatSignedCredits(credits: number): string {
  return credits > 0 ? `+${formatCredits(credits)}` : formatCredits(credits);
}

/** "1 credit", "1,234 credits", "−3 credits". */
export function formatCreditsInWords(credits: number): string {
  return `${formatCredits(credits)} ${Math.abs(credits) === 1 ? 'credit' : 'credits'}`;
}

/** What a screen reader says of a movement: "plus 1,234 credits", "minus 5 credits". */
export function spokenCredits(credits: number, options: { signed: boolean }): string {
  const amount = formatCreditsInWords(Math.abs(credits));
  if (credits < 0) return `minus ${amount}`;
  return options.signed && credits > 0 ? `plus ${amount}` : amount;
}

/** A count that the database stopped at a cap: "1,000+". */
export function formatCount(count: { count: number; capped: boolean }): string {
  return `${grouped.format(count.count)}${count.capped ? '+' : ''}`;
}

/** "1 row", "1,234 rows". */
export function formatQuantity(count: number, singular: string, plural = `${singular}s`): string {
  return `${grouped.format(count)} ${count === 1 ? singular : plural}`;
}
