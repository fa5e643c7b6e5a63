import type { Position } from '#main/ledger/read-usage-position.ts';
import type { StripeUsage } from '#shared/ipc/metering.ts';

type Cause = StripeUsage['causes'][number];

/** Stripe adds usage up within minutes; what it has not counted after that long, it has not. */
const SUMMARY_LAGS_MS = 15 * 60_000;

/**
 * Where the difference between what was reported and Stripe's summary comes from, on a meter that sums or counts, the largest
 * part first. The units of all parts add up to the difference: those that others sent are negative.
 */
export function causesOfSum(position: Position, summary: number, now: Date): Cause[] {
  const missing = position.delivered - summary;
  const parts: Cause[] = [
    { cause: 'not_sent', units: position.waiting },
    { cause: 'rejected', units: position.rejected },
    { cause: 'too_old', units: position.tooOld },
    { cause: 'unclear', units: position.unclear },
    missing < 0
      ? { cause: 'not_from_here', units: missing }
      : { cause: lag(position.lastSentAt, now), units: missing },
  ];
  return parts
    .filter(({ units }) => units !== 0)
    .toSorted((one, other) => Math.abs(other.units ?? 0) - Math.abs(one.units ?? 0));
}

/** As causesOfSum, on a meter that takes the newest value: why Stripe's is not the newest one that was reported. */
export function causesOfValue(newest: {
  /** The newest report's state; null where there is none. */
  newestState: string | null;
  /** Whether Stripe's value is one of those that it took from here, or none at all. */
  summaryIsOurs: boolean;
  lastSentAt: Date | null;
  now: Date;
}): Cause[] {
  return [{ cause: causeOfState(newest), units: null }];
}

function causeOfState({
  newestState,
  summaryIsOurs,
  lastSentAt,
  now,
}: Parameters<typeof causesOfValue>[0]): Cause['cause'] {
  if (!summaryIsOurs || newestState === null) return 'not_from_here';
  switch (newestState) {
    case 'queued':
      return 'not_sent';
    case 'rejected':
    case 'too_old':
    case 'unclear':
      return newestState;
    default:
      return lag(lastSentAt, now);
  }
}

function lag(lastSentAt: Date | null, now: Date): 'not_aggregated' | 'not_in_stripe' {
  return lastSentAt !== null && now.getTime() - lastSentAt.getTime() <= SUMMARY_LAGS_MS
    ? 'not_aggregated'
    : 'not_in_stripe';
}
