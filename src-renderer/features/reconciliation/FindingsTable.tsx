import { ActionIcon, Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { formatUnits } from '#renderer/format/metering.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { ExternalIcon } from '#renderer/ui/icons.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { type Column, VirtualTable } from '#renderer/ui/VirtualTable.tsx';
import type { Finding } from '#shared/ipc/reconciliation.ts';
import { bucketWords, customerOf, customerTabOf, findingName } from './run-words.ts';
import { stripePageOf } from './stripe-page.ts';

/** The differences of a run, with both sides of each; a row opens its details and its repair. */
export function FindingsTable({
  findings,
  rowCount,
  openId,
  isBusy,
  onOpen,
  onOpenInStripe,
  placeholder,
}: {
  findings: readonly Finding[];
  rowCount: number | undefined;
  openId: string | null;
  isBusy: boolean;
  onOpen: (finding: Finding) => void;
  onOpenInStripe: (url: string) => void;
  placeholder: ReactNode;
}) {
  return (
    <VirtualTable<Finding>
      label="Differences"
      columns={COLUMNS}
      rows={findings}
      rowKey={(row) => row.id}
      rowLabel={findingName}
      rowCount={rowCount}
      onOpen={onOpen}
      isBusy={isBusy}
      rowState={(row) =>
        row.id === openId ? 'current' : row.state === 'repaired' ? 'muted' : undefined
      }
      rowActions={(row, { isActive }) => {
        const page = stripePageOf(row);
        return (
          page !== null && (
            <ActionIcon
              tabIndex={isActive ? 0 : -1}
              aria-label={`Open ${row.stripeObjectId ?? row.stripePaymentId ?? 'it'} in Stripe`}
              title="Open in Stripe"
              onClick={() => onOpenInStripe(page)}
            >
              <ExternalIcon size={14} />
            </ActionIcon>
          )
        );
      }}
      placeholder={placeholder}
    />
  );
}

const COLUMNS: Column<Finding>[] = [
  {
    id: 'bucket',
    header: 'Difference',
    width: 118,
    isRowHeader: true,
    cell: (row) => bucketWords(row.bucket).label,
    text: (row) => bucketWords(row.bucket).label,
  },
  {
    id: 'state',
    header: 'State',
    width: 86,
    cell: (row) =>
      row.state === 'open' ? (
        <StateBadge tone="warning">Open</StateBadge>
      ) : (
        <StateBadge tone="good">Repaired</StateBadge>
      ),
    text: (row) => row.state,
  },
  {
    id: 'customer',
    header: 'Customer',
    width: 118,
    grow: 1,
    cell: (row) =>
      row.customerId === null ? (
        'Not known'
      ) : (
        <Anchor
          component={Link}
          inherit
          tabIndex={-1}
          href={customerPath(row.customerId, customerTabOf(row))}
          title={row.customerId}
        >
          {customerOf(row)}
        </Anchor>
      ),
    text: (row) => row.customerId ?? '',
  },
  {
    id: 'expected',
    header: 'Expected',
    width: 78,
    align: 'end',
    cell: (row) => <Amount credits={row.expectedCredits} units={row.usage?.expectedUnits} />,
    text: (row) => String(row.usage?.expectedUnits ?? row.expectedCredits ?? ''),
  },
  {
    id: 'found',
    header: 'Found',
    width: 72,
    align: 'end',
    cell: (row) => <Amount credits={row.foundCredits} units={row.usage?.foundUnits} />,
    text: (row) => String(row.usage?.foundUnits ?? row.foundCredits ?? ''),
  },
  {
    id: 'money',
    header: 'Money',
    width: 86,
    align: 'end',
    hideBelow: 620,
    cell: (row) => (row.price === null ? '–' : <MoneyAmount value={row.price} />),
    text: (row) => (row.price === null ? '' : formatMoney(row.price)),
  },
  {
    id: 'detail',
    header: 'What differs',
    width: 180,
    grow: 2,
    hideBelow: 1000,
    cell: (row) => <span title={row.detail}>{row.detail}</span>,
    text: (row) => row.detail,
  },
  {
    id: 'ledger',
    header: 'In the ledger',
    width: 96,
    hideBelow: 1000,
    cell: (row) =>
      row.usage !== null ? (
        '–'
      ) : row.customerId === null || row.transactionId === null ? (
        'Nothing'
      ) : (
        <Anchor
          component={Link}
          inherit
          tabIndex={-1}
          aria-label={`Transaction ${row.transactionId} in the ledger`}
          href={customerPath(row.customerId, 'transactions')}
        >
          {row.transactionId}
        </Anchor>
      ),
    text: (row) => row.transactionId ?? '',
  },
  {
    id: 'stripe',
    header: 'In Stripe',
    width: 124,
    hideBelow: 720,
    cell: (row) =>
      row.usage !== null ? (
        <span title="The meter, by its event name">{row.usage.eventName}</span>
      ) : row.stripeObjectId === null ? (
        'Nothing'
      ) : (
        <CopyableId value={row.stripeObjectId} label="Stripe id" truncate tabIndex={-1} />
      ),
    text: (row) => row.usage?.eventName ?? row.stripeObjectId ?? '',
  },
];

/** Units where the difference is about a meter, else credits. */
function Amount({ credits, units }: { credits: number | null; units: number | undefined }) {
  if (units !== undefined) return <span title={formatUnits(units)}>{formatUnits(units)}</span>;
  return credits === null ? '–' : <CreditAmount value={credits} />;
}
