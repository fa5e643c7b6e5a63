import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { CatalogLink } from '#shared/ipc/catalog.ts';
import classes from './catalog.module.css';

const STATES: Record<
  CatalogLink['state'],
  { word: string; tone: 'neutral' | 'good' | 'warning' | 'bad' }
> = {
  unlinked: { word: 'Not in Stripe yet', tone: 'neutral' },
  current: { word: 'As in Stripe', tone: 'good' },
  changed: { word: 'Changed here', tone: 'warning' },
  drifted: { word: 'Changed in Stripe', tone: 'bad' },
  not_sold: { word: 'Not sold', tone: 'neutral' },
};

/** How an item stands in Stripe, under which price, and what differs. */
export function LinkState({ link }: { link: CatalogLink }) {
  const { word, tone } = STATES[link.state];
  return (
    <div className={classes.link}>
      <div className={classes.linkLine}>
        <StateBadge tone={tone}>{word}</StateBadge>
        {link.priceId !== null && (
          <span className={classes.priceId}>
            <CopyableId value={link.priceId} label="Price id" truncate />
          </span>
        )}
      </div>
      {link.differences.length > 0 && (
        <ul className={classes.differences}>
          {link.differences.map((difference) => (
            <li key={difference}>{difference}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What sending an item to Stripe is called in its state; null where there is nothing to send. */
export function sendLabel(state: CatalogLink['state']): string | null {
  if (state === 'current' || state === 'not_sold') return null;
  return state === 'drifted' ? 'Repair in Stripe' : 'Send to Stripe';
}
