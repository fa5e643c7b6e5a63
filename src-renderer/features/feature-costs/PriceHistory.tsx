import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { FeatureCost } from '#shared/ipc/features.ts';
import classes from './feature-costs.module.css';
import { costInWords, sinceInWords } from './feature-words.ts';
import type { CostActs } from './use-cost-acts.tsx';

/** Every price of a feature, the newest first: from when, and who set it. `acts` null: they can only be looked at. */
export function PriceHistory({ feature, acts }: { feature: string; acts: CostActs | null }) {
  const history = useQuery(consoleQuery('features.history', { feature }));
  if (history.isPending) return <LoadingRows count={3} label="Loading the prices" />;
  if (history.isError) {
    return <ErrorState error={history.error} onRetry={() => void history.refetch()} />;
  }
  const { rows } = history.data;
  if (rows.length === 0) return <p className={classes.hint}>It never had a price.</p>;
  const now = Date.now();
  const isToCome = ({ validFrom }: FeatureCost) =>
    validFrom !== null && Date.parse(validFrom) > now;
  const current = rows.find((price) => !isToCome(price));
  return (
    <ol className={classes.history} aria-label="Prices, the newest first">
      {rows.map((price) => (
        <Entry
          key={price.validFrom ?? ''}
          price={price}
          stand={isToCome(price) ? 'to come' : price === current ? 'now' : 'past'}
          acts={acts}
        />
      ))}
    </ol>
  );
}

function Entry({
  price,
  stand,
  acts,
}: {
  price: FeatureCost;
  stand: 'to come' | 'now' | 'past';
  acts: CostActs | null;
}) {
  const { timeZone } = useSession();
  const { validFrom, changedBy, changedAt } = price;
  const since = sinceInWords(validFrom, timeZone);
  const running = acts?.running;
  return (
    <li className={classes.entry} data-stand={stand}>
      <div className={classes.entryWords}>
        <span className={classes.entryPrice}>
          {price.active ? costInWords(price) : `Inactive, at ${costInWords(price)}`}
        </span>{' '}
        {stand === 'now' && <StateBadge tone="good">Now</StateBadge>}
        {stand === 'to come' && <StateBadge tone="neutral">To come</StateBadge>}
        <span className={classes.entrySince}>{since}</span>
        <span className={classes.entryBy}>
          {changedBy === null || changedAt === null ? (
            'The ledger began with it'
          ) : (
            <>
              Set by {changedBy}, <InstantText iso={changedAt} />
            </>
          )}
        </span>
      </div>
      {stand === 'to come' && acts !== null && validFrom !== null && (
        <Button
          size="compact-xs"
          variant="default"
          loading={running?.kind === 'withdraw' && running.price.validFrom === validFrom}
          aria-label={`Withdraw the price ${since}`}
          onClick={() => acts.start({ kind: 'withdraw', price: { ...price, validFrom } })}
        >
          Withdraw
        </Button>
      )}
    </li>
  );
}
