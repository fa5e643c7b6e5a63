import { type ReactNode, useState } from 'react';
import { type ChartForm, ChartSwitch } from './ChartSwitch.tsx';
import styles from './charts.module.css';

/** A heading, the switch between the drawing and the same numbers as a table, and one of the two. */
export function Figure({
  title,
  note,
  level = 2,
  chart,
  table,
}: {
  title: string;
  /** Smaller words beside the heading, such as the time zone. */
  note?: ReactNode;
  /** Of the heading: 2, or what follows the heading that it stands under. */
  level?: 2 | 4;
  chart: ReactNode;
  table: ReactNode;
}) {
  const Heading = level === 2 ? 'h2' : 'h4';
  const [form, setForm] = useState<ChartForm>('chart');
  return (
    <section aria-label={title}>
      <div className={styles.figureHead}>
        <Heading className={styles.figureTitle}>
          {title} {note !== undefined && <span className={styles.figureNote}>{note}</span>}
        </Heading>
        <ChartSwitch label={title} value={form} onChange={setForm} />
      </div>
      {form === 'chart' ? chart : table}
    </section>
  );
}
