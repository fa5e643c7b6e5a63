import { Button } from '@mantine/core';
import { formatCredits, formatQuantity, formatSignedCredits } from '#renderer/format/credits.ts';
import type { Transaction } from '#shared/ipc/vocabulary.ts';
import classes from './Transactions.module.css';

/** What the selected rows add up to. */
export function SelectionBar({
  rows,
  onClear,
}: {
  rows: readonly Transaction[];
  onClear: () => void;
}) {
  if (rows.length === 0) return null;
  const creditsIn = rows.reduce((sum, { amount }) => sum + Math.max(0, amount), 0);
  const creditsOut = rows.reduce((sum, { amount }) => sum + Math.max(0, -amount), 0);
  return (
    <section className={classes.selectionBar} aria-label="Selected transactions">
      <span role="status">
        {formatQuantity(rows.length, 'transaction')} selected, sum{' '}
        <strong>{formatSignedCredits(creditsIn - creditsOut)}</strong>
      </span>
      <span className={classes.secondLine}>
        in {formatCredits(creditsIn)}, out {formatCredits(creditsOut)}
      </span>
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        Clear selection
      </Button>
    </section>
  );
}
