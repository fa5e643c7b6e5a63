import {
  clawbackPolicyLabel,
  moneyBackStatusLabel,
  stripeWords,
} from '#renderer/format/billing.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import type { MoneyBack } from '#shared/ipc/billing.ts';
import styles from './billing.module.css';

/** Refunds and disputes of one customer as Stripe shows them, with what each did to credits. */
export function MoneyBackTable({ rows }: { rows: readonly MoneyBack[] }) {
  if (rows.length === 0) return <p className={styles.empty}>No refund and no dispute.</p>;
  return (
    <div className={styles.tableFrame}>
      <table className={styles.table} aria-label="Refunds and disputes">
        <thead>
          <tr>
            <th scope="col">Refund or dispute</th>
            <th scope="col">State</th>
            <th scope="col" className={styles.number}>
              Money
            </th>
            <th scope="col">Policy</th>
            <th scope="col" className={styles.number}>
              Credits asked
            </th>
            <th scope="col" className={styles.number}>
              Taken back
            </th>
            <th scope="col" className={styles.number}>
              Not recovered
            </th>
            <th scope="col" className={styles.number}>
              Held
            </th>
          </tr>
        </thead>
        <tbody>
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
              <td className={styles.words}>{moneyBackStatusLabel(row.status)}</td>
              <td className={styles.number}>
                <MoneyAmount value={row.price} />
              </td>
              <td className={styles.words}>{clawbackPolicyLabel(row.policy)}</td>
              <Credits value={row.asked} />
              <Credits value={row.recovered} />
              <Credits value={row.unrecovered} warned />
              <Credits value={row.held} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Credits({ value, warned = false }: { value: number; warned?: boolean }) {
  return (
    <td className={styles.number} data-warned={(warned && value > 0) || undefined}>
      {value === 0 ? <span className={styles.muted}>None</span> : <CreditAmount value={value} />}
    </td>
  );
}
