import { ActionIcon } from '@mantine/core';
import { useCommand } from '#renderer/api/queries.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { ExternalIcon } from '#renderer/ui/icons.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { Meter } from '#shared/ipc/metering.ts';
import classes from './metering.module.css';

const STATES: Record<
  Meter['link']['state'],
  { word: string; tone: 'neutral' | 'good' | 'warning'; title: string }
> = {
  unlinked: {
    word: 'Not in Stripe yet',
    tone: 'neutral',
    title: 'The connected Stripe account does not have it.',
  },
  current: { word: 'As in Stripe', tone: 'good', title: 'Stripe has it as it is here.' },
  differs: {
    word: 'Differs in Stripe',
    tone: 'warning',
    title: 'It is active in one place and not in the other.',
  },
};

/** How a meter or price stands in Stripe, under which id, and its page there. */
export function MeteringLink({ link, name }: { link: Meter['link']; name: string }) {
  const open = useCommand('settings.openCaseLink');
  const { word, tone, title } = STATES[link.state];
  const page = link.stripeUrl?.startsWith('https://') === true ? link.stripeUrl : null;
  return (
    <div className={classes.link}>
      <StateBadge tone={tone} title={title}>
        {word}
      </StateBadge>
      {link.stripeId !== null && (
        <span className={classes.stripeId}>
          <CopyableId value={link.stripeId} label="Stripe id" truncate />
        </span>
      )}
      {page !== null && (
        <ActionIcon
          size={24}
          aria-label={`Open ${name} in Stripe`}
          title={page}
          onClick={() => open.mutate({ url: page })}
        >
          <ExternalIcon size={12} />
        </ActionIcon>
      )}
    </div>
  );
}

/** Whether Stripe lacks something that is used here, or has it otherwise. */
export function isOutOfStep({ active, link }: Pick<Meter, 'active' | 'link'>): boolean {
  return link.state === 'differs' || (link.state === 'unlinked' && active);
}
