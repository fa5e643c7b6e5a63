import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import {
  type Cluster,
  createCluster,
  durableSettings,
  freePort,
  makeServerFolder,
  startCluster,
  stopCluster,
} from '#main/database/embedded-cluster.ts';
import {
  canEnter,
  programsFor,
  SYSTEM_FOLDER,
  serverAccount,
} from '#main/database/postgres-binaries.ts';

/** Where the tests' server is, and the passwords of its roles. Plain data: it travels to the test workers. */
export type TestServer = {
  port: number;
  superuser: string;
  superuserPassword: string;
  /** One password for all `test_*` login roles. */
  rolePassword: string;
  /** The database every test database is copied from. */
  templateDatabase: string;
};

declare module 'vitest' {
  interface ProvidedContext {
    postgresServer: TestServer;
  }
}

/** Login roles of the tests, and the group each is a member of. */
export const TEST_ROLES = {
  test_reader: 'credits_reader',
  test_support: 'credits_support',
  test_service: 'credits_service',
  test_admin: 'credits_admin',
  test_nobody: undefined,
} as const;

export type TestRole = keyof typeof TEST_ROLES;

const FOLDER_PREFIX = 'credit-console-test-';
const OWNER_FILE = 'owner.json';

type RunningServer = { server: TestServer; stop: () => Promise<void> };

/**
 * Starts a throwaway PostgreSQL with one migrated template database. `fsync` is off: only tests lose data with it.
 * The bench and other programs outside vitest may use it too; `stop` removes everything.
 */
export async function startTestServer(): Promise<RunningServer> {
  const account = await serverAccount();
  const programs = await programsFor(account);
  let parent = os.tmpdir();
  if (account && !(await canEnter(parent, account))) {
    parent = path.join(SYSTEM_FOLDER, 'test-servers');
    await mkdir(parent, { recursive: true, mode: 0o755 });
  }
  await sweep(parent, (folder) => ({
    programs,
    account,
    folder: path.join(folder, 'cluster'),
    logFile: '',
  }));

  const folder = await mkdtemp(path.join(parent, FOLDER_PREFIX));
  await makeServerFolder(folder, account);
  await writeFile(path.join(folder, OWNER_FILE), JSON.stringify({ pid: process.pid }));
  const cluster: Cluster = {
    programs,
    account,
    folder: path.join(folder, 'cluster'),
    logFile: path.join(folder, 'server.log'),
  };
  const server: TestServer = {
    port: 0,
    superuser: 'postgres',
    superuserPassword: randomBytes(16).toString('hex'),
    rolePassword: randomBytes(16).toString('hex'),
    templateDatabase: 'base',
  };
  const stop = async () => {
    await stopCluster(cluster, 'immediate').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await createCluster(
      cluster,
      { name: server.superuser, password: server.superuserPassword },
      { sync: false },
    );
    await installCertificate(cluster);
    server.port = await startOnFreePort(cluster);
    await makeTemplate(server);
  } catch (error) {
    const log = await readFile(cluster.logFile, 'utf8').catch(() => '');
    await stop();
    if (log !== '') console.error(log.slice(-4000));
    throw error;
  }
  return { server, stop };
}

async function startOnFreePort(cluster: Cluster): Promise<number> {
  const settings = {
    ...durableSettings(),
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    autovacuum_naptime: '15s',
    // Offered, not demanded: for the tests of verified connections to `localhost`.
    ssl: 'on',
  };
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const port = await freePort(55_000 + (process.pid % 5_000));
    if ((await startCluster(cluster, port, settings)) === 'started') return port;
  }
  throw new Error('The test server found no port in 10 tries.');
}

/** A certificate for `localhost`, signed by the tests' own authority; valid for a hundred years, worth nothing. */
export const TEST_AUTHORITY_FILE = path.join(import.meta.dirname, 'tls', 'authority.crt');

async function installCertificate(cluster: Cluster): Promise<void> {
  for (const name of ['server.crt', 'server.key']) {
    const file = path.join(cluster.folder, name);
    await writeFile(file, await readFile(path.join(import.meta.dirname, 'tls', name)), {
      mode: 0o600,
    });
    if (cluster.account) await chown(file, cluster.account.uid, cluster.account.gid);
  }
}

async function makeTemplate(server: TestServer): Promise<void> {
  const database = server.templateDatabase;
  await asSuperuser(server, 'postgres', async (client) => {
    await client.query(`CREATE DATABASE ${database}`);
  });
  if (existsSync(path.join(import.meta.dirname, '../../src-main/database/migrate.ts'))) {
    const { migrate } = await import('#main/database/migrate.ts');
    await migrate({ connectionString: urlOf(server, database) });
  }
  await asSuperuser(server, 'postgres', async (client) => {
    for (const [role, group] of Object.entries(TEST_ROLES)) {
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${server.rolePassword}'`);
      if (group === undefined) continue;
      const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [group]);
      if (found.rowCount === 1) await client.query(`GRANT ${group} TO ${role}`);
    }
    // CREATE DATABASE … TEMPLATE fails while anybody is connected to the template.
    await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
  });
}

/** The connection URL of a database on the test server; without a role, as the superuser. */
export function urlOf(server: TestServer, database: string, role?: TestRole): string {
  const user = role ?? server.superuser;
  const password = role ? server.rolePassword : server.superuserPassword;
  return `postgresql://${user}:${password}@127.0.0.1:${server.port}/${database}`;
}

/** Runs `work` on a connection of the superuser, and ends it. */
export async function asSuperuser<T>(
  server: TestServer,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: urlOf(server, database), ssl: false });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Removes what killed test runs left: their servers keep running without them. */
async function sweep(parent: string, clusterIn: (folder: string) => Cluster): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const folder = path.join(parent, name);
    const owner = await readFile(path.join(folder, OWNER_FILE), 'utf8').catch(() => undefined);
    if (owner === undefined || isAlive((JSON.parse(owner) as { pid: number }).pid)) continue;
    await stopCluster(clusterIn(folder), 'immediate').catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

// Several vitest projects name this file as their global setup; all of them share one server.
const SHARED = Symbol.for('credit-console.test-server');
type Shared = { users: number; running: Promise<RunningServer> };
const shared = globalThis as typeof globalThis & { [SHARED]?: Shared };

export async function setup(project: TestProject): Promise<void> {
  shared[SHARED] ??= { users: 0, running: startTestServer() };
  shared[SHARED].users += 1;
  const { server } = await shared[SHARED].running;
  project.provide('postgresServer', server);
}

export async function teardown(): Promise<void> {
  const current = shared[SHARED];
  if (!current) return;
  current.users -= 1;
  if (current.users > 0) return;
  delete shared[SHARED];
  const { stop } = await current.running.catch(() => ({ stop: async () => undefined }));
  await stop();
}
