import type { ReactNode } from 'react';
import classes from './Table.module.css';

/**
 * A short table of plain rows (long lists are a VirtualTable); it scrolls sideways where it must, in a frame that
 * container queries can ask. Cells: `data-number`, `data-actions`, `data-wrap` for words of several lines.
 */
export function Table(props: {
  label: string;
  /** The table's own rules: they win over the kit's. */
  className?: string | undefined;
  head: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
}) {
  return (
    <div className={classes.frame}>
      <table className={`${classes.table} ${props.className ?? ''}`} aria-label={props.label}>
        <thead>
          <tr>{props.head}</tr>
        </thead>
        <tbody>{props.children}</tbody>
        {props.foot !== undefined && <tfoot>{props.foot}</tfoot>}
      </table>
    </div>
  );
}
