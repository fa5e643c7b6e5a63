import { InstantText } from '#renderer/ui/InstantText.tsx';
import styles from './customer-page.module.css';
import type { Note } from './timeline.ts';

/** Notes as they were written, newest first. */
export function NoteList({ notes }: { notes: readonly Note[] }) {
  return (
    <ul className={styles.notes} aria-label="Notes">
      {notes.map((note) => (
        <li key={note.id} className={styles.note}>
          <p className={styles.noteText}>{note.text}</p>
          <p className={styles.noteFoot}>
            {note.actor}, <InstantText iso={note.createdAt} />
          </p>
        </li>
      ))}
    </ul>
  );
}
