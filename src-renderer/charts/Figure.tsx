import { type ReactNode, useState } from 'react';
import { type ChartForm, ChartSwitch } from './ChartSwitch.tsx';
import styles from './charts.module.css';

/** A heading, the switch between the drawing and the same numbers as a table, and one of the two. */
export function Figure({
  title,
  note,
  chart,
  table,
}: {
  title: string;
  /** Smaller words beside the heading, such as the time zone. */
  note?: ReactNode;
  chart: ReactNode;
  table: ReactNode;
}) {
  const [form, setForm] = useState<ChartForm>('chart');
  return (
    <section aria-label={title}>
      <div className={styles.figureHead}>
        <h2 className={styles.figureTitle}>
          {title} {note !== undefined && <span className={styles.figureNote}>{note}</span>}
        </h2>
        <ChartSwitch label={title} value={form} onChange={setForm} />
      </div>
      {form === 'chart' ? chart : table}
    </section>
  );
}
