import type { Ref } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { NOTES_MAX } from '#shared/ipc/customers.ts';
import type { Customer } from './CustomerHeader.tsx';
import styles from './customer-page.module.css';
import { NoteComposer } from './NoteComposer.tsx';
import { NoteList } from './NoteList.tsx';

/** All notes to the customer's record, newest first. */
export function NotesTab({
  customer,
  composerRef,
}: {
  customer: Customer;
  composerRef: Ref<HTMLTextAreaElement>;
}) {
  const mayAddNote = useAbility('addNote');
  const { notes } = customer;
  return (
    <div className={styles.notesTab}>
      {mayAddNote && <NoteComposer customerId={customer.id} ref={composerRef} />}
      {notes.length === 0 ? (
        <EmptyState>
          {mayAddNote
            ? 'No notes yet. What you write here stays with the customer’s record.'
            : 'No notes yet.'}
        </EmptyState>
      ) : (
        <NoteList notes={notes} />
      )}
      {notes.length >= NOTES_MAX && (
        <p className={styles.mutedLine}>Only the newest {NOTES_MAX} notes are shown.</p>
      )}
    </div>
  );
}
