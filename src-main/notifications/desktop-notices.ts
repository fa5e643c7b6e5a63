import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { type RepeatedWork, repeatWork } from '#main/jobs/repeat-work.ts';
import type { Log } from '#main/logging/log.ts';
import type { AlertKind } from '#shared/ipc/alerts.ts';
import { plainLine } from './words/plain-line.ts';

/** What the host's desktop shows: plain text. */
export type DesktopNotice = { readonly title: string; readonly body: string };

const LOOK_EVERY_MS = 2_000;
const NAMED_MAX = 3;
/** Of a name: three of them, and what is said of them, still are a short text. */
const NAME_LENGTH_MAX = 60;

/**
 * Shows notifications that are raised from now on, by whichever process, on this desktop: those of one look together as one.
 * Reads only, so that it works for whoever may look at the ledger. What another database holds, and what stood there when it was
 * opened, is not shown. `onRaised` is told also while desktop notifications are switched off.
 */
export function startDesktopNotices(options: {
  /** The database that is open; undefined while none is. */
  database: () => QueryTarget | undefined;
  notify: (notice: DesktopNotice) => void;
  onRaised: () => void;
  log: Log;
  everyMs?: number;
}): RepeatedWork {
  let seen: { pool: QueryTarget['pool']; lastId: string } | undefined;
  return repeatWork({
    everyMs: options.everyMs ?? LOOK_EVERY_MS,
    async work() {
      const database = options.database();
      if (database === undefined) return;
      const raised = await readRaised(
        database,
        seen?.pool === database.pool ? seen.lastId : undefined,
      );
      seen = { pool: database.pool, lastId: raised.lastId };
      if (raised.customers === 0) return;
      options.onRaised();
      if (raised.desktopEnabled) options.notify(noticeOf(raised));
    },
    onError: (error) =>
      options.log.warn('New notifications could not be read; it is tried again.', error),
  });
}

type Raised = {
  /** The newest notification there is; 0 without any. */
  lastId: string;
  desktopEnabled: boolean;
  /** How many customers, and how many of them have nothing left. */
  customers: number;
  empty: number;
  /** Some of them, the newest first. */
  newest: { name: string; kind: AlertKind; balance: number }[] | null;
};

/** What was raised after a notification; nothing where there is no such place yet. */
async function readRaised(target: QueryTarget, afterId: string | undefined): Promise<Raised> {
  const after = afterId === undefined ? sql`false` : sql`n.id > ${afterId}::bigint`;
  const [raised] = await runQuery(
    target,
    sql<Raised>`
      WITH raised AS MATERIALIZED (
        SELECT DISTINCT ON (n.customer_id) n.id, n.customer_id, n.kind, n.balance
        FROM credits_billing.notifications n WHERE ${after} ORDER BY n.customer_id, n.id DESC
      )
      SELECT coalesce((SELECT max(n.id) FROM credits_billing.notifications n), 0)::text AS "lastId",
        s.desktop_enabled AS "desktopEnabled", (SELECT count(*) FROM raised) AS customers,
        (SELECT count(*) FROM raised r WHERE r.kind = 'empty') AS empty,
        (SELECT json_agg(json_build_object('name', coalesce(c.name, c.id), 'kind', f.kind, 'balance', f.balance) ORDER BY f.id DESC)
          FROM (SELECT * FROM raised r ORDER BY r.id DESC LIMIT ${NAMED_MAX}) f
          JOIN credits.customers c ON c.id = f.customer_id) AS newest
      FROM credits_billing.notification_settings s`,
  );
  if (raised === undefined) throw new Error('the row of notification settings is missing');
  return raised;
}

function noticeOf({ customers, empty, newest }: Raised): DesktopNotice {
  const named = (newest ?? []).map((each) => ({
    ...each,
    name: plainLine(each.name, NAME_LENGTH_MAX),
  }));
  const [only] = named;
  if (customers === 1 && only !== undefined) {
    return only.kind === 'empty'
      ? { title: `${only.name} has no credits left`, body: balanceOf(only) }
      : { title: `${only.name} is low on credits`, body: balanceOf(only) };
  }
  const names = named.map(({ name }) => name).join(', ');
  const more = customers - named.length;
  const title =
    empty === customers
      ? `${count(customers)} customers have no credits left`
      : `${count(customers)} customers are low on credits`;
  const some = empty > 0 && empty < customers ? ` ${count(empty)} of them with none left.` : '';
  return { title, body: `${names}${more > 0 ? ` and ${count(more)} more` : ''}.${some}` };
}

function balanceOf({ balance }: { balance: number }): string {
  return `Balance: ${count(balance)} credits.`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
