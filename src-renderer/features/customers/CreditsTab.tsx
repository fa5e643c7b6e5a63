import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { BurnBar } from '#renderer/charts/BurnBar.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatExpiry } from '#renderer/format/time.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import type { GrantId } from '#shared/ids.ts';
import { CLOSED_GRANTS_MAX } from '#shared/ipc/customers.ts';
import { BalanceEquation } from './BalanceEquation.tsx';
import styles from './credits-tab.module.css';
import { DebitsPanel } from './DebitsPanel.tsx';
import { GrantsTable } from './GrantsTable.tsx';
import { HoldsTable } from './HoldsTable.tsx';
import { useCustomerCredits, useTransaction } from './queries.ts';

/** Why the balance is what it is: the sum, the grants it lies in, and the debits that were paid from them. */
export function CreditsTab({
  customerId,
  onOpenTransaction,
}: {
  customerId: string;
  onOpenTransaction: (transactionId: string) => void;
}) {
  const { timeZone } = useSession();
  const mayGrant = useAbility('grant');
  const forms = useLedgerForms();
  const credits = useCustomerCredits(customerId);
  const [grantId, setGrantId] = useState<GrantId | null>(null);
  const [debitId, setDebitId] = useState<string | null>(null);
  const debit = useTransaction(customerId, debitId);
  const [closedShown, setClosedShown] = useState(false);

  /** What the chosen debit took from each grant, by grant. */
  const paid = useMemo(() => {
    const byGrant = new Map<GrantId, number>();
    if (debitId === null) return byGrant;
    for (const { grantId: id, amount } of debit.data?.consumptions ?? []) {
      if (amount > 0) byGrant.set(id, (byGrant.get(id) ?? 0) + amount);
    }
    return byGrant;
  }, [debitId, debit.data]);
  const paidBy = useMemo(
    () =>
      debitId === null
        ? []
        : (debit.data?.consumptions ?? [])
            .filter(({ amount }) => amount > 0)
            .map(({ grantId: id, source, description, amount, expiresAt }) => ({
              key: `${id} ${amount}`,
              words: [transactionTypeLabel(source), description, formatExpiry(expiresAt, timeZone)]
                .filter(Boolean)
                .join(', '),
              amount,
            })),
    [debitId, debit.data, timeZone],
  );
  const markedIds = useMemo(() => new Set(paid.keys()), [paid]);

  if (credits.data === undefined) {
    return credits.isError ? (
      <ErrorState error={credits.error} onRetry={() => void credits.refetch()} />
    ) : (
      <LoadingRows count={10} label="Loading credits" />
    );
  }
  const { balance, openGrants, closedGrants, holds, debt } = credits.data;
  const chosen = [...openGrants, ...closedGrants].find((grant) => grant.id === grantId);
  const paidFromClosed = closedGrants.some((grant) => paid.has(grant.id));
  const showClosed = closedShown || paidFromClosed || closedGrants.some(({ id }) => id === grantId);

  return (
    <div className={styles.credits}>
      <BalanceEquation balance={balance} debt={debt} />

      <section className={styles.section} aria-label="Open grants">
        <h2 className={styles.title}>
          Open grants, in the order they burn
          <span className={styles.count}>{formatQuantity(openGrants.length, 'grant')}</span>
        </h2>
        {openGrants.length === 0 ? (
          <EmptyState
            action={
              mayGrant && <Button onClick={() => forms.openGrant(customerId)}>Grant credits</Button>
            }
          >
            No credits are left: there is no open grant.
          </EmptyState>
        ) : (
          <>
            <BurnBar
              grants={openGrants}
              timeZone={timeZone}
              selectedId={grantId}
              onSelect={setGrantId}
              markedIds={markedIds}
            />
            <GrantsTable
              label="Open grants in burn order"
              customerId={customerId}
              grants={openGrants}
              paid={paid}
              chosenId={grantId}
              onChoose={setGrantId}
              isOpen
            />
          </>
        )}
      </section>

      {holds.length > 0 && (
        <section className={styles.section} aria-label="Open holds">
          <h2 className={styles.title}>
            Open holds
            <span className={styles.count}>{formatQuantity(holds.length, 'hold')}</span>
          </h2>
          <HoldsTable customerId={customerId} holds={holds} />
        </section>
      )}

      <DebitsPanel
        customerId={customerId}
        grant={chosen ?? null}
        onLeaveGrant={() => setGrantId(null)}
        debitId={debitId}
        onChooseDebit={setDebitId}
        onOpenTransaction={onOpenTransaction}
        paidBy={paidBy}
        paidText={
          debitId === null
            ? null
            : debit.isError
              ? debit.error.message
              : debit.data === undefined
                ? 'Looking up the grants that paid it…'
                : paidSentence(paid, openGrants, closedGrants)
        }
      />

      {closedGrants.length > 0 && (
        <section className={styles.section} aria-label="Closed grants">
          <h2 className={styles.title}>
            <Button
              variant="subtle"
              color="gray"
              size="compact-sm"
              aria-expanded={showClosed}
              onClick={() => setClosedShown(!showClosed)}
              disabled={paidFromClosed}
            >
              {showClosed ? 'Hide' : 'Show'} closed grants
            </Button>
            <span className={styles.count}>
              {closedGrants.length >= CLOSED_GRANTS_MAX
                ? `the newest ${CLOSED_GRANTS_MAX}`
                : formatQuantity(closedGrants.length, 'grant')}
            </span>
          </h2>
          {showClosed && (
            <GrantsTable
              label="Closed grants, newest first"
              customerId={customerId}
              grants={closedGrants}
              paid={paid}
              chosenId={grantId}
              onChoose={setGrantId}
              isOpen={false}
            />
          )}
        </section>
      )}
    </div>
  );
}

/** Where a debit's credits came from, in words; the same is marked in bar and rows. */
function paidSentence(
  paid: ReadonlyMap<GrantId, number>,
  ...lists: ReadonlyArray<ReadonlyArray<{ id: GrantId }>>
): string {
  const sum = [...paid.values()].reduce((total, amount) => total + amount, 0);
  if (sum === 0) return 'No grant paid it: it became debt.';
  const listed = lists.flat().filter((grant) => paid.has(grant.id)).length;
  const unlisted = paid.size - listed;
  return `${formatQuantity(paid.size, 'grant')} paid ${formatCreditsInWords(sum)} of it${
    unlisted > 0 ? `, ${unlisted} of them older than the closed grants shown here` : ''
  }.`;
}
