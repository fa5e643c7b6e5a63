import { Button, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCredits, formatCreditsInWords, formatQuantity } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatDate, formatInstantExact } from '#renderer/format/time.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { ClockIcon, ReverseIcon } from '#renderer/ui/icons.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import type { GrantId } from '#shared/ids.ts';
import type { Grant } from '#shared/ipc/vocabulary.ts';
import styles from './credits-tab.module.css';

/** More rows than these are shown when asked for. */
const ROWS_AT_FIRST = 25;

/** Grants as rows; choosing one lists the debits it paid. */
export function GrantsTable({
  label,
  customerId,
  grants,
  paid,
  chosenId,
  onChoose,
  isOpen,
}: {
  label: string;
  customerId: string;
  /** Open ones in burn order, closed ones newest first. */
  grants: readonly Grant[];
  /** What the chosen debit took from each grant. */
  paid: ReadonlyMap<GrantId, number>;
  chosenId: GrantId | null;
  onChoose: (grantId: GrantId | null) => void;
  isOpen: boolean;
}) {
  const [allShown, setAllShown] = useState(false);
  const shown = allShown
    ? grants
    : grants.filter(
        (grant, index) => index < ROWS_AT_FIRST || paid.has(grant.id) || grant.id === chosenId,
      );
  const left = grants.reduce((total, grant) => total + grant.remaining, 0);
  return (
    <>
      <Table
        label={label}
        className={styles.table}
        head={
          <>
            <th scope="col">Source</th>
            <th scope="col" data-number>
              Left of granted
            </th>
            {paid.size > 0 && (
              <th scope="col" data-number title="Paid of the chosen debit">
                Paid
              </th>
            )}
            <th scope="col" data-number>
              Priority
            </th>
            <th scope="col">Kind</th>
            <th scope="col">Expires</th>
            <th scope="col">
              <VisuallyHidden>Actions</VisuallyHidden>
            </th>
          </>
        }
        foot={
          isOpen ? (
            <tr>
              <th scope="row">All open grants</th>
              <td data-number>
                <CreditAmount value={left} />
              </td>
              <td colSpan={paid.size > 0 ? 5 : 4} />
            </tr>
          ) : undefined
        }
      >
        {shown.map((grant) => (
          <GrantRow
            key={grant.id}
            customerId={customerId}
            grant={grant}
            paidAmount={paid.get(grant.id) ?? null}
            withPaid={paid.size > 0}
            isChosen={grant.id === chosenId}
            onChoose={onChoose}
            isOpen={isOpen}
          />
        ))}
      </Table>
      {shown.length < grants.length && (
        <Button
          variant="subtle"
          size="compact-sm"
          className={styles.showAll}
          onClick={() => setAllShown(true)}
        >
          Show {formatQuantity(grants.length - shown.length, 'more grant')}
        </Button>
      )}
    </>
  );
}

function GrantRow({
  customerId,
  grant,
  paidAmount,
  withPaid,
  isChosen,
  onChoose,
  isOpen,
}: {
  customerId: string;
  grant: Grant;
  paidAmount: number | null;
  withPaid: boolean;
  isChosen: boolean;
  onChoose: (grantId: GrantId | null) => void;
  isOpen: boolean;
}) {
  const { timeZone } = useSession();
  const mayExtend = useAbility('extendGrant');
  const mayReverse = useAbility('reverse');
  const forms = useLedgerForms();
  const isDue = grant.expiresAt !== null && new Date(grant.expiresAt) <= new Date();
  const name = `${transactionTypeLabel(grant.source)}${grant.description === '' ? '' : `, ${grant.description}`}`;
  return (
    <tr data-chosen={isChosen || undefined} data-marked={paidAmount !== null || undefined}>
      <th scope="row">
        <UnstyledButton
          className={styles.choose}
          aria-pressed={isChosen}
          title={isChosen ? 'Leave this grant' : 'List the debits it paid'}
          onClick={() => onChoose(isChosen ? null : grant.id)}
        >
          <TypeBadge type={grant.source} />{' '}
          <span className={styles.chooseWords} title={grant.description}>
            {grant.description || `Grant ${grant.id}`}
          </span>
        </UnstyledButton>
      </th>
      <td data-number>
        <strong>
          <CreditAmount value={grant.remaining} />
        </strong>{' '}
        <span className={styles.muted}>of</span> <CreditAmount value={grant.granted} muted />
      </td>
      {withPaid && (
        <td data-number>
          {paidAmount === null ? (
            ''
          ) : (
            <span title={`Paid ${formatCreditsInWords(paidAmount)} of the chosen debit`}>
              {formatCredits(paidAmount)}
            </span>
          )}
        </td>
      )}
      <td data-number>{grant.priority}</td>
      <td>{grant.isPaid ? 'Paid' : 'Free'}</td>
      <td>
        {grant.expiresAt === null ? (
          <span className={styles.muted}>Never</span>
        ) : (
          <time dateTime={grant.expiresAt} title={formatInstantExact(grant.expiresAt, timeZone)}>
            {formatDate(grant.expiresAt, timeZone)}
          </time>
        )}
        {isDue && isOpen && <span className={styles.dueWord}>Due</span>}
      </td>
      <td data-actions>
        {isOpen && mayExtend && grant.expiresAt !== null && !isDue && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={`Extend ${name}`}
            title="Extend its expiry…"
            onClick={() => forms.openExtendGrant({ customerId, grantId: grant.id })}
          >
            <ClockIcon size={14} />
            <span className={styles.actionLabel}>Extend</span>
          </Button>
        )}
        {isOpen && mayReverse && grant.remaining > 0 && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={`Reverse ${name}`}
            title="Take back what is left…"
            onClick={() => forms.openReverse({ customerId, transactionId: grant.transactionId })}
          >
            <ReverseIcon size={14} />
            <span className={styles.actionLabel}>Reverse</span>
          </Button>
        )}
      </td>
    </tr>
  );
}
