import { formatNumber } from '#renderer/format/metering.ts';
import { formatDate } from '#renderer/format/time.ts';
import type { StripeUsage, UsagePosition } from '#shared/ipc/metering.ts';

type Cause = StripeUsage['causes'][number];

/** What follows a number of units, and the same without a number. */
const CAUSES: Record<Cause['cause'], { ofUnits: string; alone: string }> = {
  not_sent: { ofUnits: 'not sent yet', alone: 'Some of it is not sent yet' },
  not_aggregated: {
    ofUnits: 'taken by Stripe, not in its summary yet',
    alone: 'Stripe’s summary does not have the newest of it yet',
  },
  rejected: { ofUnits: 'rejected by Stripe', alone: 'Some of it was rejected by Stripe' },
  too_old: { ofUnits: 'too old to be sent', alone: 'Some of it is too old to be sent' },
  unclear: {
    ofUnits: 'not known to be in Stripe or not',
    alone: 'Of some of it, it is not known whether Stripe has it',
  },
  not_in_stripe: {
    ofUnits: 'taken by Stripe long ago and missing in its summary',
    alone: 'Stripe took some of it long ago, and its summary does not have it',
  },
  not_from_here: {
    ofUnits: 'counted by Stripe that were reported elsewhere',
    alone: 'Stripe counted usage that was reported elsewhere',
  },
};

/** Where a part of a difference comes from: "120 not sent yet", or a sentence where numbers say nothing. */
export function causeWords({ cause, units }: Cause): string {
  const { ofUnits, alone } = CAUSES[cause];
  return units === null ? alone : `${formatNumber(Math.abs(units))} ${ofUnits}`;
}

/** What is known without Stripe of usage that Stripe does not have, the most urgent last. */
export function knownHere(position: UsagePosition): string[] {
  const parts: Cause[] = [
    { cause: 'not_sent', units: position.waiting },
    { cause: 'rejected', units: position.rejected },
    { cause: 'too_old', units: position.tooOld },
    { cause: 'unclear', units: position.unclear },
  ];
  return parts.filter(({ units }) => units !== 0).map(causeWords);
}

/** A period by its days: "1 Nov 2026 to 1 Dec 2026". */
export function periodWords(period: { start: string; end: string }, timeZone: string): string {
  return `${formatDate(period.start, timeZone)} to ${formatDate(period.end, timeZone)}`;
}
