import type { ReactNode } from 'react';
import classes from './Table.module.css';

/** A short table of plain rows (long lists are a VirtualTable); it scrolls sideways where it must. Cells with numbers: `data-number`. */
export function Table(props: {
  label: string;
  head: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
}) {
  return (
    <div className={classes.frame}>
      <table className={classes.table} aria-label={props.label}>
        <thead>
          <tr>{props.head}</tr>
        </thead>
        <tbody>{props.children}</tbody>
        {props.foot !== undefined && <tfoot>{props.foot}</tfoot>}
      </table>
    </div>
  );
}
