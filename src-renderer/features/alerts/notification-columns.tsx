import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { formatCredits } from '#renderer/format/credits.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { Column } from '#renderer/ui/VirtualTable.tsx';
import type { Notification, NotificationChannel } from '#shared/ipc/alerts.ts';
import { channelWords, deliveryWords, levelWords, NO_CHANNEL } from './alert-words.ts';
import classes from './alerts.module.css';
import { LevelBadge } from './LevelBadge.tsx';

/** What to call the customer of a notification: the name, else the id. */
export function notifiedName(row: Notification): string {
  return row.customerName || row.customerId;
}

const deliveryOf = (row: Notification, channel: NotificationChannel) =>
  row.deliveries.find((delivery) => delivery.channel === channel);

function stateColumn(channel: NotificationChannel): Column<Notification> {
  return {
    id: channel,
    header: channelWords(channel).label,
    width: 110,
    cell: (row) => {
      const delivery = deliveryOf(row, channel);
      if (delivery === undefined) return <span className={classes.muted}>Was off</span>;
      const { label, tone, why } = deliveryWords(delivery);
      return (
        <StateBadge tone={tone} title={why === '' ? undefined : why}>
          {label}
        </StateBadge>
      );
    },
    text: (row) => deliveryOf(row, channel)?.state ?? '',
  };
}

/** Why what is not sent is not: the reasons of all deliveries that are not through. */
function reasonsOf(row: Notification): string {
  if (row.deliveries.length === 0) return NO_CHANNEL;
  return row.deliveries
    .filter(({ state, reason }) => state !== 'sent' && reason !== null)
    .map(({ reason }) => reason)
    .join(' ');
}

/** The columns of the delivery log. */
export const NOTIFICATION_COLUMNS: ReadonlyArray<Column<Notification>> = [
  {
    id: 'occurred',
    header: 'Happened',
    width: 120,
    cell: (row) => <InstantText iso={row.occurredAt} />,
    text: (row) => row.occurredAt,
  },
  {
    id: 'customer',
    header: 'Customer',
    width: 150,
    grow: 1,
    isRowHeader: true,
    cell: (row) => (
      <Anchor
        component={Link}
        inherit
        tabIndex={-1}
        title={notifiedName(row)}
        href={customerPath(row.customerId)}
        onClick={(event: { stopPropagation: () => void }) => event.stopPropagation()}
      >
        {notifiedName(row)}
      </Anchor>
    ),
    text: notifiedName,
  },
  {
    id: 'kind',
    header: 'Kind',
    width: 74,
    cell: (row) => <LevelBadge level={row.kind} />,
    text: (row) => levelWords(row.kind).label,
  },
  {
    id: 'balance',
    header: 'Balance then',
    width: 110,
    align: 'end',
    hideBelow: 820,
    cell: (row) => <CreditAmount value={row.balance} warnBelowZero muted={row.balance === 0} />,
    text: (row) => String(row.balance),
  },
  {
    id: 'threshold',
    header: 'Threshold then',
    width: 120,
    align: 'end',
    hideBelow: 960,
    cell: (row) => formatCredits(row.threshold),
    text: (row) => String(row.threshold),
  },
  stateColumn('email'),
  stateColumn('webhook'),
  {
    id: 'why',
    header: 'Why not',
    width: 150,
    grow: 2,
    hideBelow: 700,
    cell: (row) => <span title={reasonsOf(row)}>{reasonsOf(row)}</span>,
    text: reasonsOf,
  },
];
