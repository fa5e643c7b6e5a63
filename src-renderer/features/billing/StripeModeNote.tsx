import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { paths } from '#renderer/navigation/paths.ts';
import { StripeModeTag } from '#renderer/ui/StripeModeTag.tsx';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import styles from './billing.module.css';

/** Modes that are told by a word of their own before the sentence. */
const TAGS: Partial<Record<StripeStatus['mode'], string>> = { test: 'Test mode', live: 'LIVE' };

const MODES: Record<StripeStatus['mode'], string> = {
  none: 'No Stripe account is connected: nothing can be sold or refunded.',
  simulator: 'This workspace talks to the built-in Stripe simulator: no real money moves.',
  test: 'No real money moves.',
  live: 'Real money moves.',
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
  const tag = TAGS[status.mode];
  return (
    <p className={styles.mode} data-mode={status.mode} data-blocked={blocked || undefined}>
      {tag !== undefined && (
        <>
          <StripeModeTag mode={status.mode}>{tag}</StripeModeTag>{' '}
        </>
      )}
      {status.problem?.message ?? MODES[status.mode]}{' '}
      {blocked && (
        <Anchor component={Link} inherit href={paths.stripeSettings} onClick={onLeave}>
          Settings, Stripe
        </Anchor>
      )}
    </p>
  );
}
