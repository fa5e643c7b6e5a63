import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { formatCredits } from '#renderer/format/credits.ts';
import { customerPath } from '#renderer/navigation/paths.ts';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { MeterEventState } from '#renderer/ui/MeterEventState.tsx';
import type { Column } from '#renderer/ui/VirtualTable.tsx';
import type { MeterEvent } from '#shared/ipc/metering.ts';

/** The columns of a list of meter events, for all customers. */
export function meterEventColumns(): Column<MeterEvent>[] {
  return [
    {
      id: 'occurred',
      header: 'Used',
      width: 120,
      cell: (row) => <InstantText iso={row.occurredAt} />,
      text: (row) => row.occurredAt,
    },
    {
      id: 'customer',
      header: 'Customer',
      width: 170,
      grow: 1,
      isRowHeader: true,
      cell: (row) => (
        <Anchor
          component={Link}
          inherit
          tabIndex={-1}
          href={customerPath(row.customerId)}
          onClick={(event: { stopPropagation: () => void }) => event.stopPropagation()}
        >
          {row.customerName ?? row.customerId}
        </Anchor>
      ),
      text: (row) => row.customerName ?? row.customerId,
    },
    {
      id: 'meter',
      header: 'Meter',
      width: 150,
      grow: 1,
      cell: (row) => <span title={row.eventName}>{row.eventName}</span>,
      text: (row) => row.eventName,
    },
    {
      id: 'value',
      header: 'Units',
      width: 100,
      align: 'end',
      cell: (row) => formatCredits(row.value),
      text: (row) => String(row.value),
    },
    {
      id: 'state',
      header: 'State',
      width: 130,
      cell: (row) => <MeterEventState state={row.state} />,
      text: (row) => row.state,
    },
    {
      id: 'why',
      header: 'What came of it',
      width: 180,
      grow: 2,
      hideBelow: 760,
      cell: (row) => {
        const why = row.error ?? row.cancelReason ?? '';
        return <span title={why}>{why}</span>;
      },
      text: (row) => row.error ?? row.cancelReason ?? '',
    },
    {
      id: 'reports',
      header: 'Reports',
      width: 80,
      align: 'end',
      hideBelow: 860,
      cell: (row) => formatCredits(row.reports),
      text: (row) => String(row.reports),
    },
    {
      id: 'sent',
      header: 'Sent',
      width: 120,
      hideBelow: 960,
      cell: (row) => (row.sentAt === null ? '' : <InstantText iso={row.sentAt} />),
      text: (row) => row.sentAt ?? '',
    },
  ];
}
