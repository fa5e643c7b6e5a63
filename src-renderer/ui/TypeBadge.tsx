import { transactionTypeLabel } from '#renderer/format/labels.ts';
import type { TransactionType } from '#shared/ipc/vocabulary.ts';
import classes from './TypeBadge.module.css';

/** The kind of a transaction or of a grant's source, as a word in a quiet frame. */
export function TypeBadge(props: { type: TransactionType }) {
  return (
    <span className={classes.badge} data-type={props.type}>
      {transactionTypeLabel(props.type)}
    </span>
  );
}
