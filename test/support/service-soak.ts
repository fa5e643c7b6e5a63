import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { makeKey } from '#main/api-keys/make-key.ts';
import { startEmbeddedServer } from '#main/database/embedded-server.ts';
import { migrate } from '#main/database/migrate.ts';
import { columnTypes } from '#main/database/pool.ts';
import { fallsInLog, notificationsOf } from './balance-falls.ts';
import { startMailServer } from './mail-server.ts';
import { queryTargetOn } from './query-target.ts';
import { type ServedProcess, startServedProcess } from './served-process.ts';
import { compareKeys, useUnderLoad } from './service-load.ts';

export type SoakReport = {
  seconds: number;
  /** Keys that were answered: used, and refused for want of credits. */
  used: number;
  refused: number;
  /** Tries that got no answer, or that the service could not answer. */
  repeated: number;
  expired: number;
  notifications: number;
  mails: number;
  /** Mails that came twice: only a kill right after the server took one can do that. */
  mailedTwice: number;
  /** Mails that came and whose delivery counts as suppressed, by the same kill. */
  mailedAndSuppressed: number;
  /** How long nothing was answered after each kill, in milliseconds. */
  awayMilliseconds: { service: number | null; postgresql: number | null };
  /** A sentence for each thing that is not as it must be; none where all rules held. */
  wrong: string[];
};

const CREDITS_FOR_GOOD = 30;
const CREDITS_THAT_EXPIRE = 20;
const THRESHOLD = 10;
/** Each customer is granted credits so often. */
const FUNDED_EVERY_SECONDS = 20;
const SETTLES_WITHIN_MS = 60_000;
const LONGER_AT_MOST_MS = 30_000;

/**
 * Full load on a service over HTTP, on a PostgreSQL of its own with fsync in `folder`, while credits expire, are granted, run low
 * and out, and mails go out; with `kills`, the service and then PostgreSQL are killed under way. Afterwards everything is
 * compared: the clients' own list of keys, the ledger's rules, the notifications, the mails.
 */
export async function soakService(options: {
  folder: string;
  seconds: number;
  lanes: number;
  customers: number;
  kills: boolean;
  /** It goes on until there were so many uses, and one refusal, on a computer that is busy with other things. */
  leastUses?: number;
  onProgress: (message: string) => void;
}): Promise<SoakReport> {
  const stops: (() => Promise<unknown>)[] = [];
  const quiet = () => undefined;
  try {
    const start = () => startEmbeddedServer({ dataFolder: options.folder, log: quiet });
    let server = await start();
    stops.push(() => server.release());
    await migrate({ connectionString: server.superuserUrl });
    const pool = new pg.Pool({ connectionString: server.superuserUrl, types: columnTypes, max: 4 });
    pool.on('error', quiet);
    stops.push(() => pool.end());
    const mail = await startMailServer();
    stops.push(() => mail.close());
    const { customers, idle } = await arrange(pool, options, mail.port);
    const keyTarget = queryTargetOn(server.superuserUrl);
    stops.push(() => keyTarget.pool.end());
    const { key } = await makeKey(keyTarget, 'soak', {
      name: 'soak',
      scopes: ['use'],
      requestsPerSecond: 100_000,
    });

    let service: ServedProcess = await startServedProcess({ databaseUrl: server.superuserUrl });
    stops.push(() => service.end('SIGTERM'));
    const port = Number(new URL(service.url).port);
    const away: SoakReport['awayMilliseconds'] = { service: null, postgresql: null };
    let killed: keyof typeof away | undefined;
    let answeredAt = performance.now();
    const until = Date.now() + options.seconds * 1_000;
    const answers = { used: 0, refused: 0 };
    const isEnough = () => answers.used >= (options.leastUses ?? 0) && answers.refused > 0;
    const isOver = () => Date.now() >= until + (isEnough() ? 0 : LONGER_AT_MOST_MS);
    const load = useUnderLoad(() => ({ url: service.url, key }), {
      customers,
      lanes: options.lanes,
      isOver,
      // The longest time without any answer since the kill.
      onAnswer: (outcome) => {
        answers[outcome] += 1;
        const now = performance.now();
        if (killed !== undefined) away[killed] = Math.max(away[killed] ?? 0, now - answeredAt);
        answeredAt = now;
      },
    });
    const funding = fund(pool, customers, isOver);
    if (options.kills) {
      await moment(options.seconds / 3);
      options.onProgress('kill -9 of the service');
      killed = 'service';
      await service.end('SIGKILL');
      await freeClaims(pool);
      service = await startServedProcess({ databaseUrl: server.superuserUrl, port });
      await moment(options.seconds / 3);
      options.onProgress('kill -9 of PostgreSQL');
      killed = 'postgresql';
      await killPostgres(server.clusterFolder);
      server = await start();
      await freeClaims(pool);
    }
    const { keys, repeated } = await load;
    await funding;
    options.onProgress('Waiting until what is due is expired and told.');
    await settled(pool);
    const wrong = await compare(pool, keys, [...customers, ...idle]);
    const delivered = await mailsDelivered(
      pool,
      mail.mails.map(({ messageId }) => messageId ?? ''),
    );
    wrong.push(...delivered.wrong);
    const outcomes = [...keys.values()].map(({ outcome }) => outcome);
    const { rows } = await pool.query<{ expired: number; notifications: number }>(
      `SELECT (SELECT count(*) FROM credits.credit_transactions WHERE transaction_type = 'expire') AS expired,
         (SELECT count(*) FROM credits_billing.notifications) AS notifications`,
    );
    return {
      seconds: options.seconds,
      used: outcomes.filter((outcome) => outcome === 'used').length,
      refused: outcomes.filter((outcome) => outcome === 'refused').length,
      repeated,
      expired: rows[0]?.expired ?? 0,
      notifications: rows[0]?.notifications ?? 0,
      mails: mail.mails.length,
      mailedTwice: delivered.twice,
      mailedAndSuppressed: delivered.sentThenSuppressed,
      awayMilliseconds: away,
      wrong,
    };
  } finally {
    for (const stop of stops.reverse()) await stop().catch(quiet);
  }
}

const moment = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

/**
 * Customers with credits that stay and credits that fall due at some moment of the run, as many idle ones who have only credits
 * that fall due, so that some expire however fast the load is, and mail that is sent at once.
 */
async function arrange(
  pool: pg.Pool,
  { customers, seconds }: { customers: number; seconds: number },
  smtpPort: number,
): Promise<{ customers: string[]; idle: string[] }> {
  await pool.query(
    `UPDATE credits_billing.notification_settings SET low_balance_threshold = $1, email_enabled = true, smtp_host = '127.0.0.1',
       smtp_port = $2, smtp_security = 'none', email_from = 'credits@company.example', hours_between_emails = 0`,
    [THRESHOLD, smtpPort],
  );
  const made = async (name: string) => {
    const { rows } = await pool.query<{ id: string }>(
      `SELECT c.id FROM generate_series(1, $1::integer) i
       CROSS JOIN LATERAL credits.ensure_customer($2 || i, email => $2 || i || '@company.example') c`,
      [customers, name],
    );
    return rows.map(({ id }) => id);
  };
  const busy = await made('soak_');
  const idle = await made('idle_');
  await pool.query(
    `SELECT count(credits.add_credits(customer, $2, 'bonus', 'Kept')) FROM unnest($1::text[]) customer`,
    [busy, CREDITS_FOR_GOOD],
  );
  await pool.query(
    `SELECT count(credits.add_credits(customer, $2, 'bonus', 'Due soon',
       -- Burns last, so that something of it is left to expire.
       priority => 900, expires_at => clock_timestamp() + random() * $3 * interval '1 second'))
     FROM unnest($1::text[]) customer`,
    [[...busy, ...idle], CREDITS_THAT_EXPIRE, seconds],
  );
  await pool.query('VACUUM (ANALYZE)');
  return { customers: busy, idle };
}

/** Grants to one customer after the other, so that balances recover and may fall again; each grant under a key of its own. */
async function fund(
  pool: pg.Pool,
  customers: readonly string[],
  isOver: () => boolean,
): Promise<void> {
  for (let index = 0; !isOver(); index += 1) {
    const values = [customers[index % customers.length], `fund-${index}`];
    while (
      !(await pool
        .query(
          `SELECT credits.add_credits($1, 12, 'bonus', 'Goodwill', idempotency_key => $2)`,
          values,
        )
        .then(() => true)
        .catch(() => false))
    ) {
      await moment(0.05);
    }
    await moment(FUNDED_EVERY_SECONDS / customers.length);
  }
}

/** What a sender took and cannot mark any more is free again after two minutes; here it is at once. */
async function freeClaims(pool: pg.Pool): Promise<void> {
  await pool.query(
    'UPDATE credits_billing.notification_deliveries SET claimed_until = clock_timestamp() WHERE claimed_until IS NOT NULL',
  );
}

async function killPostgres(clusterFolder: string): Promise<void> {
  const [pid] = (await readFile(path.join(clusterFolder, 'postmaster.pid'), 'utf8')).split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

/** Everything that is due was expired, looked at and told. Throws where that does not come about. */
async function settled(pool: pg.Pool): Promise<void> {
  const until = Date.now() + SETTLES_WITHIN_MS;
  // What the jobs do anyway, sooner.
  await pool.query(`UPDATE credits_billing.jobs SET next_run_at = clock_timestamp()`);
  for (;;) {
    await pool.query('SELECT credits.expire_credits()');
    const { rows } = await pool.query<{ open: number }>(
      `SELECT (SELECT count(*) FROM credits.credit_grants WHERE is_open AND expires_at <= clock_timestamp())
         + (SELECT count(*) FROM credits_billing.notification_deliveries WHERE state = 'queued')
         + credits.watch_balances()
         + (SELECT count(*) FROM credits.credit_transactions t, credits_billing.notification_watch w
            WHERE t.recorded_in >= w.horizon AND t.recorded_in < pg_snapshot_xmin(pg_current_snapshot())) AS open`,
    );
    if (rows[0]?.open === 0) return;
    if (Date.now() > until) throw new Error(`${rows[0]?.open} things are still open.`);
    await moment(0.1);
  }
}

async function compare(
  pool: pg.Pool,
  keys: Awaited<ReturnType<typeof useUnderLoad>>['keys'],
  customers: readonly string[],
): Promise<string[]> {
  const wrong = await compareKeys(pool, keys, customers);
  const broken = await pool.query<{ rule: string; customer_id: string; detail: string }>(
    'SELECT rule, customer_id, detail FROM credits.check_integrity()',
  );
  wrong.push(...broken.rows.map((row) => `${row.rule}: ${row.customer_id}: ${row.detail}`));
  const falls = await fallsInLog(pool, { customers, threshold: THRESHOLD });
  const told = await notificationsOf(pool, customers);
  const toldSet = new Set(told);
  const fallSet = new Set(falls);
  if (told.length !== toldSet.size) wrong.push('A fall was told twice.');
  wrong.push(...falls.filter((fall) => !toldSet.has(fall)).map((fall) => `not told: ${fall}`));
  wrong.push(
    ...told.filter((each) => !fallSet.has(each)).map((each) => `told for nothing: ${each}`),
  );
  return wrong;
}

/**
 * Each delivery that counts as sent arrived. One that arrived and counts as something else was taken up a second time: a kill
 * came between the mail server's answer and the mark, and what was true of the balance then is judged anew.
 */
async function mailsDelivered(
  pool: pg.Pool,
  messageIds: readonly string[],
): Promise<{ wrong: string[]; twice: number; sentThenSuppressed: number }> {
  const { rows } = await pool.query<{ id: string; state: string; attempts: number }>(
    `SELECT notification_id::text AS id, state, attempts FROM credits_billing.notification_deliveries WHERE channel = 'email'`,
  );
  const arrived = new Map<string, number>();
  for (const messageId of messageIds) {
    const id = /(\d+)/.exec(messageId)?.[1] ?? messageId;
    arrived.set(id, (arrived.get(id) ?? 0) + 1);
  }
  let sentThenSuppressed = 0;
  const wrong = rows.flatMap(({ id, state, attempts }) => {
    const times = arrived.get(id) ?? 0;
    if (state === 'sent' && times === 0)
      return [`The mail of notification ${id} counts as sent and never came.`];
    if (state === 'suppressed' && times > 0 && attempts > 1) sentThenSuppressed += 1;
    else if (state !== 'sent' && times > 0)
      return [`The mail of notification ${id} came and is ${state}.`];
    return [];
  });
  const twice = [...arrived.values()].filter((times) => times > 1).length;
  return { wrong, twice, sentThenSuppressed };
}
