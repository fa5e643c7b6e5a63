import type { z } from 'zod';
import type { QueryTarget } from '#main/database/run-query.ts';
import { type Author, post } from '#main/ledger/ledger-session.ts';
import type { noteSchema } from '#shared/ipc/customers.ts';

export type NoteData = z.input<typeof noteSchema>;
export type NoteRow = { id: string; note: string; actor: string; created_at: Date };

export function toNote(row: NoteRow): NoteData {
  return { id: row.id, text: row.note, actor: row.actor, createdAt: row.created_at.toISOString() };
}

/** Adds a note to the customer's record; notes are never changed. Errors: not_found, and those of `post`. */
export async function addNote(
  target: QueryTarget,
  author: Author,
  note: { customerId: string; text: string },
): Promise<NoteData> {
  return post(target, author, async (session) =>
    toNote(
      await session.call<NoteRow>({
        name: 'customers.add_note',
        text: `SELECT f.id::text AS id, f.note, f.actor, f.created_at
          FROM credits.add_customer_note(customer_id => $1, note => $2) f`,
        values: [note.customerId, note.text],
      }),
    ),
  );
}
