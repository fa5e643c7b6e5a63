import { formatCredits } from '#renderer/format/credits.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import type { Column } from '#renderer/ui/VirtualTable.tsx';
import type { Alert } from '#shared/ipc/alerts.ts';
import { deliveriesText, levelWords, thresholdSentence, thresholdText } from './alert-words.ts';
import classes from './alerts.module.css';
import { LevelBadge } from './LevelBadge.tsx';

/** What to call a customer of the list: the name, else the e-mail, else the id. */
export function alertName(row: Alert): string {
  return row.customerName || row.customerEmail || row.customerId;
}

/** The columns of the list of customers who are low or have nothing left. */
export const ALERT_COLUMNS: ReadonlyArray<Column<Alert>> = [
  {
    id: 'customer',
    header: 'Customer',
    width: 150,
    grow: 1.2,
    isRowHeader: true,
    cell: (row) => (
      <span className={classes.name} title={alertName(row)}>
        {alertName(row)}
      </span>
    ),
    text: alertName,
  },
  {
    id: 'email',
    header: 'E-mail',
    width: 170,
    grow: 1,
    hideBelow: 940,
    cell: (row) => (
      <span title={row.customerEmail ?? undefined}>
        {row.customerEmail ?? <span className={classes.muted}>None</span>}
      </span>
    ),
    text: (row) => row.customerEmail ?? '',
  },
  {
    id: 'plan',
    header: 'Plan',
    width: 90,
    hideBelow: 840,
    cell: (row) => <span title={row.plan ?? undefined}>{row.plan ?? ''}</span>,
    text: (row) => row.plan ?? '',
  },
  {
    id: 'level',
    header: 'State',
    width: 80,
    cell: (row) => <LevelBadge level={row.level} />,
    text: (row) => levelWords(row.level).label,
  },
  {
    id: 'balance',
    header: 'Balance',
    width: 90,
    align: 'end',
    cell: (row) => <CreditAmount value={row.balance} warnBelowZero muted={row.balance === 0} />,
    text: (row) => String(row.balance),
  },
  {
    id: 'held',
    header: 'Held',
    width: 80,
    align: 'end',
    hideBelow: 1020,
    cell: (row) =>
      row.held === 0 ? (
        <span className={classes.muted}>{formatCredits(0)}</span>
      ) : (
        <CreditAmount value={row.held} />
      ),
    text: (row) => String(row.held),
  },
  {
    id: 'threshold',
    header: 'Threshold',
    width: 120,
    align: 'end',
    cell: (row) => <span title={thresholdSentence(row)}>{thresholdText(row)}</span>,
    text: thresholdText,
  },
  {
    id: 'activity',
    header: 'Last active',
    width: 110,
    align: 'end',
    hideBelow: 820,
    cell: (row) => <InstantText iso={row.lastActivityAt} />,
    text: (row) => row.lastActivityAt,
  },
  {
    id: 'notification',
    header: 'Last notification',
    width: 200,
    grow: 2,
    cell: (row) => <LastNotification row={row} />,
    text: (row) =>
      row.lastNotification === null
        ? ''
        : `${levelWords(row.lastNotification.kind).label}, ${row.lastNotification.occurredAt}: ${deliveriesText(row.lastNotification.deliveries)}`,
  },
];

function LastNotification({ row: { lastNotification, emailsSuppressed } }: { row: Alert }) {
  if (lastNotification === null) {
    return (
      <span className={classes.muted}>
        {emailsSuppressed ? 'None; e-mails suppressed' : 'None'}
      </span>
    );
  }
  const { kind, occurredAt, deliveries } = lastNotification;
  const came = deliveriesText(deliveries);
  return (
    <span title={came}>
      {levelWords(kind).label}, <InstantText iso={occurredAt} />:{' '}
      <span className={classes.muted}>{came}</span>
    </span>
  );
}
