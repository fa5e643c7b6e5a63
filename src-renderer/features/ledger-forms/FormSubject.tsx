import type { ReactNode } from 'react';
import styles from './ledger-forms.module.css';

/** What a form is about, as names and values (`<dt>`, `<dd>`) in a frame above its fields. */
export function FormSubject({ children }: { children: ReactNode }) {
  return <dl className={styles.subject}>{children}</dl>;
}
