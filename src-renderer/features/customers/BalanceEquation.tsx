import { VisuallyHidden } from '@mantine/core';
import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import type { Balance } from '#shared/ipc/vocabulary.ts';
import styles from './credits-tab.module.css';

/** What stands between the balance and what is available. The numbers add up exactly. */
export function BalanceEquation({ balance, debt }: { balance: Balance; debt: number }) {
  // Credits of grants that have reached their expiry and wait for their expire transaction.
  const due = balance.balance - balance.held - balance.available;
  return (
    <section className={styles.equation} aria-label="How the balance adds up">
      <VisuallyHidden>
        Balance {formatCredits(balance.balance)} minus held {formatCredits(balance.held)} minus due
        to expire {formatCredits(due)} is {formatCreditsInWords(balance.available)} available.
      </VisuallyHidden>
      <div className={styles.terms} aria-hidden="true">
        <Term label="Balance" value={balance.balance} />
        <span className={styles.operator}>−</span>
        <Term label="Held" value={balance.held} />
        <span className={styles.operator}>−</span>
        <Term label="Due to expire" value={due} />
        <span className={styles.operator}>=</span>
        <Term label="Available" value={balance.available} strong />
      </div>
      {debt > 0 && (
        <p className={styles.debt}>
          <strong>Debt: {formatCreditsInWords(debt)}.</strong> A clawback took more than was left.
          What comes in next pays the debt first.
        </p>
      )}
    </section>
  );
}

function Term({
  label,
  value,
  strong = false,
}: {
  label: string;
  value: number;
  strong?: boolean;
}) {
  return (
    <span className={styles.term}>
      <span className={styles.termLabel}>{label}</span>
      <span
        className={styles.termValue}
        data-strong={strong || undefined}
        data-below-zero={value < 0 || undefined}
      >
        {formatCredits(value)}
      </span>
    </span>
  );
}
