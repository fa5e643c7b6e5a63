import type Stripe from 'stripe';

/** How long one billing period is. */
export type BillingInterval = Pick<Stripe.Price.Recurring, 'interval' | 'interval_count'>;

const daySeconds = 86_400;

/**
 * `anchor` plus `count` intervals, in seconds since 1970 (UTC). Months and years keep the anchor's day of the month, or take the
 * month's last day where it has no such day: an anchor on the 31st gives 28 February and then 31 March.
 */
export function addIntervals(
  anchor: number,
  interval: Stripe.Price.Recurring['interval'],
  count: number,
): number {
  if (interval === 'day' || interval === 'week') {
    return anchor + count * (interval === 'week' ? 7 : 1) * daySeconds;
  }
  const months = interval === 'year' ? count * 12 : count;
  const date = new Date(anchor * 1000);
  const firstOfMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
  const target = new Date(firstOfMonth);
  const daysInMonth = new Date(
    Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0),
  ).getUTCDate();
  const day = Math.min(date.getUTCDate(), daysInMonth);
  return firstOfMonth / 1000 + (day - 1) * daySeconds + (anchor - startOfDay(anchor));
}

/** The end of the billing period that `start` lies in (or begins), counted in whole intervals from the anchor. */
export function periodEndAfter(
  anchor: number,
  { interval, interval_count }: BillingInterval,
  start: number,
): number {
  const longest =
    { day: 1, week: 7, month: 31, year: 366 }[interval as 'day'] * interval_count * daySeconds;
  let steps = Math.floor((start - anchor) / longest);
  while (addIntervals(anchor, interval, steps * interval_count) <= start) {
    steps += 1;
  }
  return addIntervals(anchor, interval, steps * interval_count);
}

/** Midnight (UTC) of the day that `seconds` lies in. */
export function startOfDay(seconds: number): number {
  return Math.floor(seconds / daySeconds) * daySeconds;
}
