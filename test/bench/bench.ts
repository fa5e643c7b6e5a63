/**
 * `npm run bench`: what the ledger's functions, the inbox of Stripe's events, the usage outbox, the HTTP service and the console's queries cost on this machine. Absolute figures depend on
 * it; the ratios to a bare function in the same run carry over. Nothing here fails on a slow machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type SoakReport, soakService } from '#test/support/service-soak.ts';
import { type BenchServer, connect, startDurableServer, useServer } from './durable-server.ts';
import { type EventsReport, runEventsBench } from './events-bench.ts';
import {
  CASES,
  type CaseName,
  type LedgerResult,
  runLedgerBench,
  type SyncMode,
} from './ledger-bench.ts';
import { type OutboxReport, runOutboxBench } from './outbox-bench.ts';
import { type Probe, probeFsync, probeRoundTrip } from './probes.ts';
import { type QueriesReport, runQueriesBench } from './queries-bench.ts';
import { fixed, printTable, whole } from './report.ts';
import { runServiceBench, type ServiceResult } from './service-bench.ts';

const HELP = `npm run bench -- [ledger] [events] [outbox] [service] [queries] [options]      (without a part: all)

ledger    postings a second, each as a ratio to a bare function that updates a balance and inserts a row
  --quick               one mode (sync on), 3 short rounds: about 20 seconds
  --sync on|off|both    synchronous_commit of the callers (both)
  --only a,b            cases: ${CASES.join(', ')}
  --rounds N            interleaved rounds (5)   --seconds N   per case and round (3)
  --accounts N          (10000)                  --connections N   (8)
events    the inbox of Stripe's events, stored, worked off with the simulator, delivered again; as ratios to bare grants
  --events N            paid checkouts for one worker, and again for two (2000)
  --rounds N            the events in so many parts (4)   --seconds N   per case without events and round (0.7)
  --quick               400 events, 2 short rounds
outbox    reports of usage, events made of them and sent to the simulator; as ratios to bare inserts of the same row
  --rounds N            (3)   --seconds N   per case and round (1.5)
  --reports N           made events of, and sent, in each round (4000)
  --quick               1000 reports, 2 short rounds
service   uses of a feature over HTTP, as ratios to the bare call of the ledger and to a bare Fastify route, over 8 and 64 connections;
          then full load beside expiry and notifications, with kill -9 of the service and of PostgreSQL, and everything compared
  --rounds N            (3)   --seconds N   per case and round (3)   --accounts N   (10000)
  --soak N              seconds of full load (60; 0: none), on a PostgreSQL of its own
  --quick               2 short rounds, 9 seconds of full load
queries   the console's queries on a seeded database
  --customers N         (20000)                  --transactions N  (200000)   seeded first where the database is empty
  --times N             how often each is timed (20)
all
  --database-url URL    a PostgreSQL that runs already: empty for ledger, events and outbox; for queries an already seeded one is used as it is
  --json                the result as JSON on standard output, and nothing else there`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    sync: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    accounts: { type: 'string' },
    connections: { type: 'string' },
    events: { type: 'string' },
    reports: { type: 'string' },
    soak: { type: 'string' },
    customers: { type: 'string' },
    transactions: { type: 'string' },
    times: { type: 'string' },
    'database-url': { type: 'string' },
  },
});

const PARTS = ['ledger', 'events', 'outbox', 'service', 'queries'];

type Report = {
  machine: string;
  fsync: Probe | null;
  roundTrip: Probe;
  ledger?: LedgerResult[];
  events?: EventsReport;
  outbox?: OutboxReport;
  service?: ServiceResult[];
  soak?: SoakReport;
  queries?: QueriesReport;
};

if (values.help) {
  console.log(HELP);
} else {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}

async function main(): Promise<void> {
  const parts = positionals.length > 0 ? positionals : PARTS;
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}.\n\n${HELP}`);
  const url = values['database-url'];
  const server = url === undefined ? await startDurableServer() : await useServer(url);
  const stopOnSignal = () => {
    void server.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', stopOnSignal);
  process.once('SIGTERM', stopOnSignal);
  try {
    const report = await probe(server);
    // Before the others, which leave customers of their own; the ledger's part leaves the most.
    if (parts.includes('queries')) report.queries = await queries(server);
    if (parts.includes('events')) report.events = await events(server);
    if (parts.includes('outbox')) report.outbox = await outbox(server);
    if (parts.includes('service')) {
      report.service = await service(server);
      const seconds = values.soak === '0' ? 0 : count('soak', values.quick ? 9 : 60);
      if (seconds > 0) report.soak = await soak(seconds);
    }
    if (parts.includes('ledger')) report.ledger = await ledger(server);
    if (values.json) console.log(JSON.stringify(report, null, 2));
  } finally {
    await server.stop();
  }
}

async function probe(server: BenchServer): Promise<Report> {
  const client = await connect(server.url);
  try {
    const { rows } = await client.query<{ version: string; fsync: string }>(
      `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync`,
    );
    const machine = `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, PostgreSQL ${rows[0]?.version} (fsync ${rows[0]?.fsync}), Node ${process.versions.node}`;
    const fsync = server.folder === undefined ? null : await probeFsync(server.folder);
    const roundTrip = await probeRoundTrip(client);
    say(machine);
    if (fsync) {
      say(
        `fsync probe: ${whole(fsync.medianMicroseconds)} µs a write of 8 kB with fdatasync (p95 ${whole(fsync.p95Microseconds)})`,
      );
    }
    say(
      `round trip: ${whole(roundTrip.medianMicroseconds)} µs an empty query (p95 ${whole(roundTrip.p95Microseconds)})`,
    );
    return { machine, fsync, roundTrip };
  } finally {
    await client.end();
  }
}

async function ledger(server: BenchServer): Promise<LedgerResult[]> {
  const rounds = count('rounds', values.quick ? 3 : 5);
  const seconds = count('seconds', values.quick ? 0.7 : 3);
  const only = values.only?.split(',');
  const results = await runLedgerBench(server.url, {
    accounts: count('accounts', 10_000),
    connections: count('connections', 8),
    rounds,
    seconds,
    cases: CASES.filter((name: CaseName) => !only || only.includes(name)),
    modes: modesOf(values.sync ?? (values.quick ? 'on' : 'both')),
    onProgress: (message) => process.stderr.write(`  ${message}\n`),
  });
  say('');
  if (!values.json) {
    printTable(
      ['case', 'sync', 'calls/s', 'median ms', 'p99 ms', 'ratio', 'aim', 'of'],
      results.map((result) => [
        result.case,
        result.sync,
        whole(result.callsPerSecond),
        fixed(result.medianMilliseconds, 2),
        fixed(result.p99Milliseconds, 2),
        result.ratio === null ? null : fixed(result.ratio, 2),
        result.aim === null ? null : `≥ ${result.aim}`,
        result.ratioTo,
      ]),
    );
  }
  return results;
}

async function events(server: BenchServer): Promise<EventsReport> {
  const report = await runEventsBench(server.url, {
    events: count('events', values.quick ? 400 : 2_000),
    rounds: count('rounds', values.quick ? 2 : 4),
    seconds: count('seconds', values.quick ? 0.4 : 0.7),
    onProgress: (message) => process.stderr.write(`  ${message}\n`),
  });
  say('');
  if (!values.json) {
    printTable(
      ['case', 'a second', 'min', 'max', 'of 1 conn.', 'of 8 conn.'],
      report.results.map((result) => [
        result.label,
        whole(result.medianPerSecond),
        whole(result.minPerSecond),
        whole(result.maxPerSecond),
        fixed(result.ratioTo1, 2),
        fixed(result.ratioTo8, 2),
      ]),
    );
  }
  const { credits, brokenRules } = report;
  say(
    `Simulator, workers and PostgreSQL share this machine. ${report.isRight ? 'Right' : 'WRONG'}: ${whole(report.events)} checkouts paid, each event delivered twice, ${whole(report.grants)} grants, ${whole(credits.granted)} credits of ${whole(credits.bought)} bought, ${report.unhandled} events not handled, ${brokenRules.length} rules broken.`,
  );
  for (const rule of brokenRules.slice(0, 20)) say(rule);
  if (!report.isRight) process.exitCode = 1;
  return report;
}

async function outbox(server: BenchServer): Promise<OutboxReport> {
  const report = await runOutboxBench(server.url, {
    rounds: count('rounds', values.quick ? 2 : 3),
    seconds: count('seconds', values.quick ? 0.4 : 1.5),
    reports: count('reports', values.quick ? 1_000 : 4_000),
    onProgress: (message) => process.stderr.write(`  ${message}\n`),
  });
  say('');
  if (!values.json) {
    printTable(
      ['case', 'a second', 'min', 'max', 'of 1 conn.', 'of 8 conn.'],
      report.results.map((result) => [
        result.label,
        whole(result.medianPerSecond),
        whole(result.minPerSecond),
        whole(result.maxPerSecond),
        fixed(result.ratioTo1, 2),
        fixed(result.ratioTo8, 2),
      ]),
    );
  }
  say(
    `Simulator, worker and PostgreSQL share this machine. ${report.isRight ? 'Right' : 'WRONG'}: ${whole(report.reported)} units reported, ${whole(report.counted)} counted by the simulator, ${report.unsent} events not sent.`,
  );
  if (!report.isRight) process.exitCode = 1;
  return report;
}

async function service(server: BenchServer): Promise<ServiceResult[]> {
  const results = await runServiceBench(server.url, {
    accounts: count('accounts', 10_000),
    rounds: count('rounds', values.quick ? 2 : 3),
    seconds: count('seconds', values.quick ? 1 : 3),
    onProgress: (message) => process.stderr.write(`  ${message}\n`),
  });
  say('');
  if (!values.json) {
    printTable(
      ['case', 'connections', 'a second', 'median ms', 'p99 ms', 'of the ledger', 'of select 1'],
      results.map((result) => [
        result.label,
        result.connections,
        whole(result.requestsPerSecond),
        fixed(result.medianMilliseconds, 1),
        fixed(result.p99Milliseconds, 1),
        fixed(result.ratioToLedger, 2),
        fixed(result.ratioToSelect1, 2),
      ]),
    );
  }
  return results;
}

async function soak(seconds: number): Promise<SoakReport> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'credit-console-soak-'));
  try {
    const report = await soakService({
      folder,
      seconds,
      lanes: 64,
      customers: Math.max(20, seconds * 6),
      kills: true,
      onProgress: (message) => process.stderr.write(`  ${message}\n`),
    });
    const away = Object.values(report.awayMilliseconds).map((each) => whole(each ?? Number.NaN));
    say('');
    say(
      `${seconds} s of full load, 64 lanes: ${whole(report.used)} uses, ${whole(report.refused)} refused, ${whole(report.repeated)} tries repeated; away for ${away[0]} ms after kill -9 of the service, ${away[1]} ms of PostgreSQL. Besides: ${whole(report.expired)} expiries, ${whole(report.notifications)} notifications, ${whole(report.mails)} mails (${report.mailedTwice} twice, ${report.mailedAndSuppressed} count as suppressed: both only by a kill). ${report.wrong.length === 0 ? 'Every rule holds, and the clients’ keys are the log’s.' : `WRONG: ${report.wrong.length}`}`,
    );
    for (const wrong of report.wrong.slice(0, 20)) say(wrong);
    if (report.wrong.length > 0) process.exitCode = 1;
    return report;
  } finally {
    // Processes of the killed server may still be on their way out.
    await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }
}

async function queries(server: BenchServer): Promise<QueriesReport> {
  const report = await runQueriesBench(server.url, {
    customers: count('customers', 20_000),
    transactions: count('transactions', 200_000),
    times: count('times', 20),
    onProgress: (message) => process.stderr.write(`  ${message}\n`),
  });
  say('');
  say(
    `${whole(report.customers)} customers, ${whole(report.transactions)} transactions, ${whole(report.databaseMegabytes)} MB${
      report.seedSeconds === null ? '' : `, seeded in ${whole(report.seedSeconds)} s`
    }. Times in milliseconds; aims are for 1,000,000 customers and 10,000,000 transactions.`,
  );
  if (!values.json) {
    printTable(
      ['query', 'median', 'p95', 'first', 'aim'],
      report.results.map((result) => [
        result.query,
        fixed(result.medianMilliseconds, 1),
        fixed(result.p95Milliseconds, 1),
        fixed(result.firstMilliseconds, 1),
        result.aimMilliseconds,
      ]),
    );
  }
  return report;
}

function modesOf(text: string): SyncMode[] {
  if (text === 'both') return ['on', 'off'];
  if (text === 'on' || text === 'off') return [text];
  throw new Error(`--sync takes on, off or both, not ${text}`);
}

function count(
  name:
    | 'rounds'
    | 'seconds'
    | 'accounts'
    | 'connections'
    | 'events'
    | 'reports'
    | 'soak'
    | 'customers'
    | 'transactions'
    | 'times',
  standard: number,
): number {
  const text = values[name];
  if (text === undefined) return standard;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} takes a positive number, not ${text}`);
  return value;
}

function say(message: string): void {
  if (!values.json) console.log(message);
}
