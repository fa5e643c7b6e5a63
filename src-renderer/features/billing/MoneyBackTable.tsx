import {
  clawbackPolicyLabel,
  moneyBackStatusLabel,
  stripeWords,
} from '#renderer/format/billing.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { MoneyBack } from '#shared/ipc/billing.ts';
import styles from './billing.module.css';

/** Refunds and disputes of one customer as Stripe shows them, with what each did to credits. */
export function MoneyBackTable({ rows }: { rows: readonly MoneyBack[] }) {
  if (rows.length === 0) return <p className={styles.empty}>No refund and no dispute.</p>;
  return (
    <Table
      label="Refunds and disputes"
      className={styles.table}
      head={
        <>
          <th scope="col">Refund or dispute</th>
          <th scope="col">State</th>
          <th scope="col" data-number>
            Money
          </th>
          <th scope="col">Policy</th>
          <th scope="col" data-number>
            Credits asked
          </th>
          <th scope="col" data-number>
            Taken back
          </th>
          <th scope="col" data-number>
            Not recovered
          </th>
          <th scope="col" data-number>
            Held
          </th>
        </>
      }
    >
      {rows.map((row) => (
        <tr key={row.id}>
          <th scope="row">
            {row.kind === 'refund' ? 'Refund' : 'Dispute'}
            {row.reason !== null && (
              <span className={styles.muted}> {stripeWords(row.reason).toLowerCase()}</span>
            )}
            <div className={styles.second}>
              <InstantText iso={row.createdAt} show="date" />{' '}
              <CopyableId
                value={row.id}
                label={row.kind === 'refund' ? 'Refund id' : 'Dispute id'}
              />
            </div>
          </th>
          <td data-wrap>{moneyBackStatusLabel(row.status)}</td>
          <td data-number>
            <MoneyAmount value={row.price} />
          </td>
          <td data-wrap>{clawbackPolicyLabel(row.policy)}</td>
          <Credits value={row.asked} />
          <Credits value={row.recovered} />
          <Credits value={row.unrecovered} warned />
          <Credits value={row.held} />
        </tr>
      ))}
    </Table>
  );
}

function Credits({ value, warned = false }: { value: number; warned?: boolean }) {
  return (
    <td data-number data-warned={(warned && value > 0) || undefined}>
      {value === 0 ? <span className={styles.muted}>None</span> : <CreditAmount value={value} />}
    </td>
  );
}
