import type { ReactNode } from 'react';
import classes from './PageHeader.module.css';

/** The head of a page: its one h1, what it is about, and its actions on the right. */
export function PageHeader(props: {
  title: ReactNode;
  /** Beside the title, such as a count or a badge. */
  aside?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <div className={classes.header}>
      <div className={classes.words}>
        <div className={classes.line}>
          <h1 className={classes.title}>{props.title}</h1>
          {props.aside !== undefined && <div className={classes.aside}>{props.aside}</div>}
        </div>
        {props.description !== undefined && (
          <p className={classes.description}>{props.description}</p>
        )}
      </div>
      {props.actions !== undefined && <div className={classes.actions}>{props.actions}</div>}
    </div>
  );
}
