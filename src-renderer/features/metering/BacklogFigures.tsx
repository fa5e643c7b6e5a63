import { formatCredits } from '#renderer/format/credits.ts';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { StatTile } from '#renderer/ui/StatTile.tsx';
import type { Backlog } from '#shared/ipc/metering.ts';
import classes from './metering.module.css';

/** How far what was reported is from Stripe, and what sending last met. */
export function BacklogFigures({ backlog }: { backlog: Backlog }) {
  const { waitingReports, queued, rejected, tooOld, unclear, oldestAt, lastSentAt, error } =
    backlog;
  const problems = rejected + tooOld + unclear;
  return (
    <section aria-label="How far behind">
      <div className={classes.figures}>
        <StatTile
          label="Reports waiting"
          value={formatCredits(waitingReports)}
          hint="not in an event yet"
        />
        <StatTile label="Events to send" value={formatCredits(queued)} />
        <StatTile
          label="Problems"
          value={formatCredits(problems)}
          hint={
            problems === 0
              ? undefined
              : [
                  [rejected, 'rejected'],
                  [tooOld, 'too old'],
                  [unclear, 'unclear'],
                ]
                  .filter(([count]) => count !== 0)
                  .map(([count, word]) => `${formatCredits(Number(count))} ${word}`)
                  .join(', ')
          }
        />
        <StatTile
          label="Oldest that waits"
          value={oldestAt === null ? 'Nothing waits' : <InstantText iso={oldestAt} />}
        />
        <StatTile
          label="Last sent"
          value={lastSentAt === null ? 'Never' : <InstantText iso={lastSentAt} />}
        />
      </div>
      {error !== null && (
        <p className={classes.note} role="status">
          <StateBadge tone="warning">Held up</StateBadge> {error} It is tried again by itself.
        </p>
      )}
    </section>
  );
}
