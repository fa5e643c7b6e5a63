import type { ReactNode } from 'react';
import classes from './Facts.module.css';

/** What is known of one thing, as names and values under each other. Holds `Fact`s. */
export function Facts({ children, dense = false }: { children: ReactNode; dense?: boolean }) {
  return (
    <dl className={classes.facts} data-dense={dense || undefined}>
      {children}
    </dl>
  );
}

/** A name and its value in a list of facts. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A value of a record's metadata as text: strings as they are, anything else as JSON. */
export function metadataText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
