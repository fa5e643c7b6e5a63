import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { paths } from '#renderer/navigation/paths.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import styles from './billing.module.css';

const MODES: Record<StripeStatus['mode'], string> = {
  none: 'No Stripe account is connected: nothing can be sold or refunded.',
  simulator: 'This workspace talks to the built-in Stripe simulator: no real money moves.',
  test: 'Stripe is in test mode: no real money moves.',
  live: 'Stripe is live: real money moves.',
};

/** Which Stripe it is about, in a sentence, with the way to change it where something stands in the way. */
export function StripeModeNote({
  status,
  onLeave,
}: {
  status: Pick<StripeStatus, 'mode' | 'problem'>;
  /** The link was followed: a drawer over the page closes. */
  onLeave?: () => void;
}) {
  const blocked = status.mode === 'none' || status.problem !== null;
  return (
    <p className={styles.mode} data-mode={blocked ? 'blocked' : status.mode}>
      {status.problem?.message ?? MODES[status.mode]}{' '}
      {blocked && (
        <Anchor component={Link} inherit href={paths.stripeSettings} onClick={onLeave}>
          Settings, Stripe
        </Anchor>
      )}
    </p>
  );
}

/** Whether Stripe can be asked for anything. */
export function isUsable(status: Pick<StripeStatus, 'mode' | 'problem'> | undefined): boolean {
  return status !== undefined && status.mode !== 'none' && status.problem === null;
}
