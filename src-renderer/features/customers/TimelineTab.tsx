import { Button, UnstyledButton } from '@mantine/core';
import { useMemo } from 'react';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { reasonLabel } from '#renderer/format/labels.ts';
import {
  formatDate,
  formatDay,
  formatInstantExact,
  formatTimeOfDay,
} from '#renderer/format/time.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { ClockIcon, NoteIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import { GRANT_CHANGES_MAX, NOTES_MAX } from '#shared/ipc/customers.ts';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import { dayOf } from '#shared/time.ts';
import type { Customer } from './CustomerHeader.tsx';
import styles from './customer-page.module.css';
import { useCustomerTransactions, useGrantChanges } from './queries.ts';
import { ReversedWord } from './ReversedWord.tsx';
import { type GrantChange, mergeTimeline, type Note, type TimelineEntry } from './timeline.ts';

/** Everything that happened to the customer, newest first: movements, notes, and moved expiries. */
export function TimelineTab({
  customer,
  onOpenTransaction,
}: {
  customer: Customer;
  onOpenTransaction: (transactionId: string) => void;
}) {
  const { timeZone } = useSession();
  const mayGrant = useAbility('grant');
  const forms = useLedgerForms();
  const { pages, rows } = useCustomerTransactions(customer.id);
  const changes = useGrantChanges(customer.id);
  const entries = useMemo(
    () =>
      mergeTimeline({
        transactions: rows,
        hasOlderTransactions: pages.hasNextPage,
        notes: customer.notes,
        changes: changes.data?.rows ?? [],
      }),
    [rows, pages.hasNextPage, customer.notes, changes.data],
  );
  const days = useMemo(() => byDay(entries, timeZone), [entries, timeZone]);

  if (pages.isPending || changes.isPending) {
    return <LoadingRows count={10} label="Loading the timeline" />;
  }
  if (pages.isError && rows.length === 0) {
    return <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />;
  }
  const cutShort = [
    customer.notes.length >= NOTES_MAX && `the newest ${NOTES_MAX} notes`,
    changes.data !== undefined &&
      changes.data.rows.length >= GRANT_CHANGES_MAX &&
      `the newest ${GRANT_CHANGES_MAX} expiry changes`,
  ].filter(Boolean);
  return (
    <>
      {changes.isError && (
        <ErrorState
          error={changes.error}
          retryLabel="Load expiry changes again"
          onRetry={() => void changes.refetch()}
        />
      )}
      {entries.length === 0 ? (
        <EmptyState
          action={
            mayGrant && <Button onClick={() => forms.openGrant(customer.id)}>Grant credits</Button>
          }
        >
          Nothing has happened on this account yet.
        </EmptyState>
      ) : (
        days.map(({ day, entries: ofDay }) => (
          <section key={day} className={styles.day} aria-label={formatDay(day)}>
            <h2 className={styles.dayTitle}>{formatDay(day)}</h2>
            <ol className={styles.entries}>
              {ofDay.map((entry) => (
                <li key={entry.key} className={styles.entry} data-kind={entry.kind}>
                  <time
                    className={styles.entryTime}
                    dateTime={entry.createdAt}
                    title={formatInstantExact(entry.createdAt, timeZone)}
                  >
                    {formatTimeOfDay(entry.createdAt, timeZone)}
                  </time>
                  <EntryContent entry={entry} onOpenTransaction={onOpenTransaction} />
                </li>
              ))}
            </ol>
          </section>
        ))
      )}
      {cutShort.length > 0 && (
        <p className={styles.mutedLine}>Only {cutShort.join(' and ')} are shown here.</p>
      )}
      {pages.isFetchNextPageError && <ErrorState error={pages.error} />}
      {pages.hasNextPage && (
        <div className={styles.older}>
          <Button
            variant="default"
            loading={pages.isFetchingNextPage}
            onClick={() => void pages.fetchNextPage()}
          >
            Show older
          </Button>
        </div>
      )}
    </>
  );
}

function EntryContent({
  entry,
  onOpenTransaction,
}: {
  entry: TimelineEntry;
  onOpenTransaction: (transactionId: string) => void;
}) {
  switch (entry.kind) {
    case 'transaction':
      return <TransactionEntry transaction={entry.transaction} onOpen={onOpenTransaction} />;
    case 'note':
      return <NoteEntry note={entry.note} />;
    case 'expiry':
      return <ExpiryEntry change={entry.change} />;
  }
}

function TransactionEntry({
  transaction,
  onOpen,
}: {
  transaction: Transaction;
  onOpen: (transactionId: string) => void;
}) {
  const { id, type, description, feature, actor, reasonCode, amount } = transaction;
  return (
    <>
      <span className={styles.entryKind}>
        <TypeBadge type={type} />
      </span>
      <span className={styles.entryWords}>
        <UnstyledButton className={styles.entryOpen} onClick={() => onOpen(id)}>
          {description || `Transaction ${id}`}
        </UnstyledButton>
        <span className={styles.entryMore}>
          <ReversedWord transaction={transaction} />
          {[feature, reasonCode === null ? null : reasonLabel(reasonCode), actor]
            .filter(Boolean)
            .join(', ')}
        </span>
      </span>
      <span className={styles.entryAmounts}>
        <span className={styles.entryAmount}>
          <CreditAmount value={amount} signed />
        </span>
        <span className={styles.entryBalance}>
          Balance <CreditAmount value={transaction.balanceAfter} warnBelowZero />
        </span>
      </span>
    </>
  );
}

function NoteEntry({ note }: { note: Note }) {
  return (
    <>
      <span className={styles.entryKind}>
        <NoteIcon size={14} /> Note
      </span>
      <span className={styles.entryWords}>
        <span className={styles.noteText}>{note.text}</span>
        <span className={styles.entryMore}>{note.actor}</span>
      </span>
    </>
  );
}

function ExpiryEntry({ change }: { change: GrantChange }) {
  const { timeZone } = useSession();
  return (
    <>
      <span className={styles.entryKind}>
        <ClockIcon size={14} /> Expiry
      </span>
      <span className={styles.entryWords}>
        <span>
          Moved from {formatDate(change.expiresAtBefore, timeZone)} to{' '}
          {formatDate(change.expiresAtAfter, timeZone)}: {change.reason}
        </span>
        <span className={styles.entryMore}>
          Grant {change.grantId}, {change.actor}
        </span>
      </span>
    </>
  );
}

function byDay(entries: readonly TimelineEntry[], timeZone: string) {
  const days: { day: string; entries: TimelineEntry[] }[] = [];
  for (const entry of entries) {
    const day = dayOf(new Date(entry.createdAt), timeZone);
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
