import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { paths } from '#renderer/navigation/paths.ts';
import type { StripeMode } from '#shared/ipc/stripe.ts';
import classes from './StripeBadge.module.css';

const WORDS: Record<Exclude<StripeMode, 'none'>, { label: string; title: string }> = {
  simulator: {
    label: 'simulator',
    title: 'The built-in Stripe simulator: no real money moves.',
  },
  test: { label: 'Test mode', title: 'Stripe in test mode: no real money moves.' },
  live: { label: 'LIVE', title: 'Stripe in live mode: real money moves.' },
};

/** Which Stripe this workspace talks to, as a word and a colour, on every screen. */
export function StripeBadge() {
  const { data } = useQuery(consoleQuery('stripe.status', {}));
  if (data === undefined || (data.mode === 'none' && data.problem === null)) return null;
  const words = data.mode === 'none' ? null : WORDS[data.mode];
  const trouble = data.problem !== null || data.inbox.refused > 0;
  return (
    <Link
      href={data.problem === null && trouble ? paths.stripeEvents : paths.stripeSettings}
      className={classes.badge}
      data-mode={data.mode}
      title={
        data.problem?.message ??
        (trouble
          ? `${words?.title ?? ''} ${data.inbox.refused} of its events need a person.`.trim()
          : words?.title)
      }
    >
      <span>
        <span className={classes.stripe}>Stripe</span> {words?.label}
      </span>
      {trouble && (
        <span className={classes.trouble}>
          {data.problem === null ? `${data.inbox.refused} refused` : 'not usable'}
        </span>
      )}
    </Link>
  );
}
