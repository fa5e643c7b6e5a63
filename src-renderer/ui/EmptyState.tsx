import type { ReactNode } from 'react';
import classes from './StateBlock.module.css';

/** Nothing to show: one sentence, and at most one action that would change it. */
export function EmptyState(props: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.block}>
      <p className={classes.sentence}>{props.children}</p>
      {props.action}
    </div>
  );
}
