import type { ReactNode } from 'react';
import classes from './SettingRow.module.css';

/** A group of settings under one heading. */
export function SettingGroup(props: { title: string; children: ReactNode }) {
  return (
    <section className={classes.group}>
      <h2 className={classes.title}>{props.title}</h2>
      {props.children}
    </section>
  );
}

/** One setting: what it is on the left, its control on the right. */
export function SettingRow(props: {
  label: ReactNode;
  /** Id of the control that the label names; without it the control has a name of its own. */
  htmlFor?: string;
  description?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className={classes.row}>
      <div className={classes.words}>
        {props.htmlFor === undefined ? (
          <div className={classes.label}>{props.label}</div>
        ) : (
          <label className={classes.label} htmlFor={props.htmlFor}>
            {props.label}
          </label>
        )}
        {props.description !== undefined && (
          <p className={classes.description}>{props.description}</p>
        )}
      </div>
      <div className={classes.control}>{props.children}</div>
    </div>
  );
}
