import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { Transaction } from '#shared/ipc/vocabulary.ts';

export type Note = Output<Contract['customers.get']>['notes'][number];
export type GrantChange = Output<Contract['customers.grantChanges']>['rows'][number];

export type TimelineEntry =
  | { kind: 'transaction'; key: string; createdAt: string; transaction: Transaction }
  | { kind: 'note'; key: string; createdAt: string; note: Note }
  | { kind: 'expiry'; key: string; createdAt: string; change: GrantChange };

/**
 * Everything that happened to a customer, newest first. Transactions come in pages: as long as older ones are still to
 * come, notes and expiry changes from before the oldest one shown wait for them, so that nothing is shown out of order.
 */
export function mergeTimeline(parts: {
  /** Newest first, as far as they are loaded. */
  transactions: readonly Transaction[];
  hasOlderTransactions: boolean;
  notes: readonly Note[];
  changes: readonly GrantChange[];
}): TimelineEntry[] {
  const transactions = parts.transactions.map(
    (transaction): TimelineEntry => ({
      kind: 'transaction',
      key: `transaction ${transaction.id}`,
      createdAt: transaction.createdAt,
      transaction,
    }),
  );
  const oldest = parts.transactions.at(-1)?.createdAt;
  const waitsFor = parts.hasOlderTransactions && oldest !== undefined ? timeOf(oldest) : -Infinity;
  const others: TimelineEntry[] = [
    ...parts.notes.map(
      (note): TimelineEntry => ({
        kind: 'note',
        key: `note ${note.id}`,
        createdAt: note.createdAt,
        note,
      }),
    ),
    ...parts.changes.map(
      (change): TimelineEntry => ({
        kind: 'expiry',
        key: `expiry ${change.grantId} ${change.createdAt}`,
        createdAt: change.createdAt,
        change,
      }),
    ),
  ].filter((entry) => timeOf(entry.createdAt) >= waitsFor);
  // The sort is stable: transactions of one instant keep the ledger's own order.
  return [...transactions, ...others].sort(
    (one, other) => timeOf(other.createdAt) - timeOf(one.createdAt),
  );
}

function timeOf(iso: string): number {
  return new Date(iso).getTime();
}
