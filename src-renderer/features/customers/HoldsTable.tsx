import { Button, VisuallyHidden } from '@mantine/core';
import { useAbility } from '#renderer/api/session.tsx';
import { useLedgerForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { Hold } from '#shared/ipc/vocabulary.ts';
import styles from './credits-tab.module.css';

/** Credits set aside for work in progress. */
export function HoldsTable({ customerId, holds }: { customerId: string; holds: readonly Hold[] }) {
  const mayRelease = useAbility('releaseHold');
  const forms = useLedgerForms();
  return (
    <Table
      label="Open holds"
      className={styles.table}
      head={
        <>
          <th scope="col">For</th>
          <th scope="col" data-number>
            Held
          </th>
          <th scope="col">Feature</th>
          <th scope="col" className={styles.optional}>
            Since
          </th>
          <th scope="col">Ends by itself</th>
          <th scope="col">
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {holds.map((hold) => (
        <tr key={hold.id}>
          <th scope="row">{hold.description || `Hold ${hold.id}`}</th>
          <td data-number>
            <CreditAmount value={hold.amount} />
          </td>
          <td>{hold.feature ?? ''}</td>
          <td className={styles.optional}>
            <InstantText iso={hold.createdAt} />
          </td>
          <td>
            <InstantText iso={hold.expiresAt} />
          </td>
          <td data-actions>
            {mayRelease && (
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={`Release ${formatCreditsInWords(hold.amount)} held for ${hold.description || hold.id}`}
                onClick={() => forms.openReleaseHold({ customerId, holdId: hold.id })}
              >
                Release
              </Button>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
