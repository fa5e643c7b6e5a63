import type { Transaction } from '#shared/ipc/vocabulary.ts';
import styles from './customer-page.module.css';

/** Marks a transaction of which something was reversed; nothing for the others. */
export function ReversedWord({ transaction }: { transaction: Transaction }) {
  const { amount, reversed } = transaction;
  if (reversed === 0) return null;
  return (
    <span className={styles.reversedWord}>
      {reversed >= Math.abs(amount) ? 'Reversed' : 'Partly reversed'}
    </span>
  );
}
