import type { ReactNode } from 'react';
import classes from './StatTile.module.css';

/** One figure with its name; `size="large"` for the one that matters most on the screen. */
export function StatTile(props: {
  label: string;
  value: ReactNode;
  /** Under the figure, such as when it was computed. */
  hint?: ReactNode;
  size?: 'normal' | 'large';
}) {
  return (
    <div className={classes.tile} data-size={props.size ?? 'normal'}>
      <div className={classes.label}>{props.label}</div>
      <div className={classes.value}>{props.value}</div>
      {props.hint !== undefined && <div className={classes.hint}>{props.hint}</div>}
    </div>
  );
}
