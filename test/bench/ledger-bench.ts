import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { connect } from './durable-server.ts';
import { median, percentile } from './statistics.ts';

export const CASES = [
  'bare',
  'deduct',
  'add',
  'bare-hot',
  'deduct-hot',
  'deduct-hot-200-grants',
] as const;
export type CaseName = (typeof CASES)[number];

export type LedgerBenchOptions = {
  accounts: number;
  connections: number;
  rounds: number;
  /** How long each case runs in each round. */
  seconds: number;
  cases: readonly CaseName[];
  modes: readonly SyncMode[];
  onProgress: (message: string) => void;
};

/** synchronous_commit: `on` waits for the disk at each commit, `off` does not. */
export type SyncMode = 'on' | 'off';

export type LedgerResult = {
  case: CaseName;
  sync: SyncMode;
  /** Median of the rounds. */
  callsPerSecond: number;
  medianMilliseconds: number;
  p99Milliseconds: number;
  /** Against which case, in the same round; the median of the rounds. */
  ratioTo: CaseName | null;
  ratio: number | null;
  /** The aim for that ratio. */
  aim: number | null;
};

/** What each case is held against, and the aim. */
const AIMS: Partial<Record<CaseName, { to: CaseName; aim: number }>> = {
  deduct: { to: 'bare', aim: 0.6 },
  add: { to: 'bare', aim: 0.6 },
  'deduct-hot': { to: 'bare-hot', aim: 0.7 },
  // No worse than half of what one hot account must reach.
  'deduct-hot-200-grants': { to: 'bare-hot', aim: 0.35 },
};

const HOT_BARE = 'bench_hot';
const HOT = 'bench_hot';
const HOT_WITH_GRANTS = 'bench_hot_200';
const OPEN_GRANTS = 200;
const PLENTY = 1_000_000_000;

/**
 * Measures the ledger's functions and a bare one that updates a balance and inserts a row, in interleaved rounds, with
 * the same client, connections and settings. Makes a schema `bench` and customers `bench_*` in an empty database.
 */
export async function runLedgerBench(
  url: string,
  options: LedgerBenchOptions,
): Promise<LedgerResult[]> {
  const owner = await connect(url);
  const clients: pg.Client[] = [];
  try {
    options.onProgress(`Making ${options.accounts} accounts.`);
    await prepare(owner, options.accounts);
    for (let index = 0; index < options.connections; index += 1) {
      clients.push(await connect(url, { 'credits.actor': 'bench' }));
    }
    const results: LedgerResult[] = [];
    for (const sync of options.modes) {
      for (const client of clients) {
        await client.query(`SET synchronous_commit = ${sync}`);
      }
      results.push(...(await runMode(owner, clients, sync, options)));
    }
    return results;
  } finally {
    await Promise.all([owner, ...clients].map((client) => client.end()));
  }
}

type Measurement = { callsPerSecond: number; tookMilliseconds: number[] };

async function runMode(
  owner: pg.Client,
  clients: pg.Client[],
  sync: SyncMode,
  options: LedgerBenchOptions,
): Promise<LedgerResult[]> {
  const rounds = new Map<CaseName, Measurement[]>(options.cases.map((name) => [name, []]));
  for (let round = 0; round <= options.rounds; round += 1) {
    const isWarmUp = round === 0;
    if (!isWarmUp) options.onProgress(`sync ${sync}: round ${round} of ${options.rounds}`);
    // A checkpoint that falls into one case would be held against it.
    if (!isWarmUp) await owner.query('CHECKPOINT');
    // Each round begins with another case, so that none always follows the same one.
    for (let step = 0; step < options.cases.length; step += 1) {
      const name = options.cases[(step + round) % options.cases.length];
      if (name === undefined) continue;
      const measured = await measure(
        clients,
        callOf(name, options.accounts),
        isWarmUp ? Math.min(0.4, options.seconds) : options.seconds,
      );
      if (!isWarmUp) rounds.get(name)?.push(measured);
    }
  }
  return options.cases.map((name) => {
    const own = rounds.get(name) ?? [];
    const against = AIMS[name];
    const others = against ? rounds.get(against.to) : undefined;
    const ratios = others
      ? own.map((each, round) => each.callsPerSecond / (others[round]?.callsPerSecond ?? 0))
      : [];
    const took = own.flatMap((each) => each.tookMilliseconds);
    return {
      case: name,
      sync,
      callsPerSecond: median(own.map((each) => each.callsPerSecond)),
      medianMilliseconds: median(took),
      p99Milliseconds: percentile(took, 0.99),
      ratioTo: against && others ? against.to : null,
      ratio: ratios.length > 0 ? median(ratios) : null,
      aim: against && others ? against.aim : null,
    };
  });
}

type Call = { name: string; text: string; values: () => unknown[] };

const DEDUCT =
  'SELECT * FROM credits.deduct_credits($1, $2, $3, feature => $4, idempotency_key => $5)';

/** Each call of a case is the same named statement, so that it is parsed once a connection. */
function callOf(name: CaseName, accounts: number): Call {
  const someone = () => `bench_${1 + Math.floor(Math.random() * accounts)}`;
  const deduct = (customer: () => string): Call => ({
    name: 'deduct',
    text: DEDUCT,
    values: () => [customer(), 1, 'Advanced search', 'advanced_search', newKey()],
  });
  const bare = (customer: () => string): Call => ({
    name: 'bare',
    text: 'SELECT * FROM bench.post($1, $2, $3)',
    values: () => [customer(), -1, 'Advanced search'],
  });
  switch (name) {
    case 'bare':
      return bare(someone);
    case 'bare-hot':
      return bare(() => HOT_BARE);
    case 'deduct':
      return deduct(someone);
    case 'deduct-hot':
      return deduct(() => HOT);
    case 'deduct-hot-200-grants':
      return deduct(() => HOT_WITH_GRANTS);
    case 'add':
      return {
        name: 'add',
        text: `SELECT * FROM credits.add_credits($1, $2, 'bonus', $3, idempotency_key => $4)`,
        values: () => [someone(), 10, 'Goodwill', newKey()],
      };
  }
}

const keyPrefix = randomBytes(6).toString('hex');
let keysMade = 0;

/** Unique and of a real key's length; counting up costs the client nothing to speak of. */
function newKey(): string {
  keysMade += 1;
  return `${keyPrefix}-${keysMade.toString(36).padStart(9, '0')}`;
}

/** Every connection calls again as soon as its answer came, until the time is over. */
async function measure(clients: pg.Client[], call: Call, seconds: number): Promise<Measurement> {
  const tookMilliseconds: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    clients.map(async (client) => {
      for (let sent = performance.now(); sent < end; ) {
        await client.query({ name: call.name, text: call.text, values: call.values() });
        const answered = performance.now();
        tookMilliseconds.push(answered - sent);
        sent = answered;
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1000;
  return { callsPerSecond: tookMilliseconds.length / elapsed, tookMilliseconds };
}

async function prepare(owner: pg.Client, accounts: number): Promise<void> {
  const found = await owner.query(
    `SELECT 1 FROM credits.customers WHERE id LIKE 'bench\\_%' LIMIT 1`,
  );
  if (found.rowCount !== 0) {
    throw new Error('This database was used by the bench before. Give it a fresh one.');
  }
  await owner.query(`
    CREATE SCHEMA bench;
    CREATE TABLE bench.accounts (customer_id text PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 60);
    CREATE TABLE bench.transactions (
      id bigint GENERATED ALWAYS AS IDENTITY,
      customer_id text NOT NULL,
      amount bigint NOT NULL,
      balance_after bigint NOT NULL,
      description text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (customer_id, id)
    );
    CREATE FUNCTION bench.post(customer_id text, amount bigint, description text) RETURNS bench.transactions
    LANGUAGE plpgsql AS $$
    #variable_conflict use_variable
    DECLARE
      after bigint;
      posted bench.transactions;
    BEGIN
      UPDATE bench.accounts a SET balance = a.balance + amount WHERE a.customer_id = customer_id
      RETURNING a.balance INTO after;
      INSERT INTO bench.transactions AS t (customer_id, amount, balance_after, description)
      VALUES (customer_id, amount, after, description) RETURNING t.* INTO posted;
      RETURN posted;
    END $$;
    INSERT INTO bench.accounts SELECT 'bench_' || n, ${PLENTY} FROM generate_series(1, ${accounts}) n;
    INSERT INTO bench.accounts VALUES ('${HOT_BARE}', ${PLENTY});`);
  await owner.query(
    `SELECT count(c.id) FROM (
       SELECT 'bench_' || n AS id FROM generate_series(1, ${accounts}) n UNION ALL VALUES ('${HOT}'), ('${HOT_WITH_GRANTS}')
     ) made CROSS JOIN LATERAL credits.ensure_customer(made.id) c`,
  );
  await owner.query(
    `SELECT count(t.id) FROM (
       SELECT 'bench_' || n AS id FROM generate_series(1, ${accounts}) n UNION ALL VALUES ('${HOT}')
     ) made CROSS JOIN LATERAL credits.add_credits(made.id, ${PLENTY}, 'bonus', 'For the bench') t`,
  );
  // Grants of different priority, expiry and source, so that burn order has something to sort.
  await owner.query(
    `SELECT count(t.id) FROM generate_series(1, ${OPEN_GRANTS}) n
     CROSS JOIN LATERAL credits.add_credits('${HOT_WITH_GRANTS}', ${PLENTY}, 'bonus', 'For the bench',
       expires_at => now() + (30 + n * 7 % 200) * interval '1 day', priority => 50 + n % 3 * 50) t`,
  );
  await owner.query('VACUUM (ANALYZE)');
}
