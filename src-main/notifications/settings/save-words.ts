import { sql } from 'kysely';
import type { QueryTarget } from '#main/database/run-query.ts';
import { post } from '#main/ledger/ledger-session.ts';
import type { AlertKind } from '#shared/ipc/alerts.ts';
import { checkWords, type Words } from '../words/words.ts';

/** Saves the words of one kind, or (null) goes back to the console's own. Errors: invalid_argument (unknown placeholder). */
export async function saveWords(
  target: QueryTarget,
  actor: string,
  { kind, words }: { kind: AlertKind; words: Words | null },
): Promise<void> {
  if (words !== null) checkWords(words, 'words.');
  await post(target, { actor }, ({ run }) =>
    run(
      words === null
        ? sql`DELETE FROM credits_billing.notification_templates WHERE kind = ${kind}`
        : sql`INSERT INTO credits_billing.notification_templates AS t (kind, subject, body, changed_by)
            VALUES (${kind}, ${words.subject}, ${words.body}, ${actor})
            ON CONFLICT (kind) DO UPDATE SET subject = excluded.subject, body = excluded.body,
              changed_at = clock_timestamp(), changed_by = excluded.changed_by
            WHERE (t.subject, t.body) <> (excluded.subject, excluded.body)`,
    ),
  );
}
