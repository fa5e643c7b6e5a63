import { sql } from 'kysely';
import type { RunQuery } from '#main/database/run-query.ts';
import { ALERT_KINDS } from '#shared/ipc/alerts.ts';
import type { NotificationTemplate } from '#shared/ipc/notifications.ts';
import { DEFAULT_WORDS } from '../words/default-words.ts';

/** The words of both kinds: as they are saved, else the console's own. */
export async function readTemplates(run: RunQuery): Promise<NotificationTemplate[]> {
  const saved = await run(
    sql<Omit<NotificationTemplate, 'isDefault'>>`
      SELECT kind, subject, body FROM credits_billing.notification_templates`,
  );
  return ALERT_KINDS.map((kind) => {
    const own = saved.find((template) => template.kind === kind);
    return own ? { ...own, isDefault: false } : { kind, ...DEFAULT_WORDS[kind], isDefault: true };
  });
}
