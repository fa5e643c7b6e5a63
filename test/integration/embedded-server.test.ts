import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase } from '#main/database/connect.ts';
import { checkConnection } from '#main/database/connection-checks.ts';
import { type EmbeddedServer, startEmbeddedServer } from '#main/database/embedded-server.ts';
import { startConsoleProcess } from '#test/support/console-process.ts';

const onLinux = process.platform === 'linux';

async function query<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, ssl: false });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function isListening(port: number): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'x', password: 'x', ssl: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function postmasterPid(clusterFolder: string): Promise<number> {
  const text = await readFile(path.join(clusterFolder, 'postmaster.pid'), 'utf8');
  return Number.parseInt(text, 10);
}

async function modeOf(file: string): Promise<string> {
  return ((await stat(file)).mode & 0o777).toString(8);
}

let parent: string;
let log: string[];
const servers: EmbeddedServer[] = [];

async function start(dataFolder: string, preferredPort?: number): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({
    dataFolder,
    log: (message) => log.push(message),
    ...(preferredPort === undefined ? {} : { preferredPort }),
  });
  servers.push(server);
  return server;
}

beforeAll(async () => {
  parent = await mkdtemp(path.join(os.tmpdir(), 'credit-console-embedded-'));
  // As other programs' folders are: open for passing through.
  await chmod(parent, 0o755);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.release();
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe('a new embedded database', () => {
  let server: EmbeddedServer;
  let dataFolder: string;

  beforeAll(async () => {
    log = [];
    dataFolder = path.join(parent, 'new');
    server = await start(dataFolder);
    servers.splice(0);
  });
  afterAll(() => server.release());

  it('keeps what it confirmed: fsync, full page writes, synchronous commit and checksums are on', async () => {
    const rows = await query<{ name: string; setting: string }>(
      server.superuserUrl,
      `SELECT name, setting FROM pg_settings WHERE name IN
        ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums', 'server_encoding')
        ORDER BY name`,
    );
    expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toEqual({
      data_checksums: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      server_encoding: 'UTF8',
      synchronous_commit: 'on',
    });
    expect(server.version).toMatch(/^18\./);
    expect(server.adopted).toBe(false);
  });

  it('does not let ALTER SYSTEM switch durability off or open it to the network', async () => {
    for (const change of ['fsync = off', "listen_addresses = '*'"]) {
      await query(server.superuserUrl, `ALTER SYSTEM SET ${change}`);
    }
    await server.release();
    server = await start(dataFolder);
    servers.splice(0);
    const [row] = await query<object>(
      server.superuserUrl,
      "SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS addresses",
    );
    expect(row).toEqual({ fsync: 'on', addresses: '127.0.0.1' });
  });

  it('asks every connection for a password', async () => {
    const rules = await query<{ auth_method: string }>(
      server.superuserUrl,
      'SELECT DISTINCT auth_method FROM pg_hba_file_rules',
    );
    expect(rules).toEqual([{ auth_method: 'scram-sha-256' }]);
    const wrong = server.superuserUrl.replace(/:[^:@]+@/, ':wrong@');
    await expect(query(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it.skipIf(!onLinux)('listens on 127.0.0.1 and nowhere else', () => {
    const hexPort = server.port.toString(16).toUpperCase().padStart(4, '0');
    const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === '0A')
        .map((fields) => fields[1]),
    );
    expect(listening).toEqual([`0100007F:${hexPort}`]);
    expect(readFileSync('/proc/net/unix', 'utf8')).not.toContain(`.s.PGSQL.${server.port}`);
  });

  it('gives the console a login of its own that is no superuser', async () => {
    const [row] = await query<object>(
      server.consoleUrl,
      `SELECT rolname AS role, rolsuper OR rolcreaterole OR rolcreatedb AS powerful, current_database() AS database
         FROM pg_roles WHERE rolname = session_user`,
    );
    expect(row).toEqual({ role: 'credit_console', powerful: false, database: 'credit_console' });
  });

  it('is connected to like any other database', async () => {
    const pool = await openDatabase({ url: server.consoleUrl, actor: 'ana' });
    try {
      const report = await checkConnection(pool);
      expect(report).toMatchObject({
        role: 'credit_console',
        fsync: true,
        fullPageWrites: true,
        schema: 'missing',
        canMigrate: false,
        warnings: [],
      });
    } finally {
      await pool.end();
    }
  });

  it.skipIf(process.platform === 'win32')('closes its files to other users', async () => {
    expect(await modeOf(path.join(dataFolder, 'postgresql.json'))).toBe('600');
    expect(await modeOf(server.clusterFolder)).toBe('700');
    expect(await modeOf(path.dirname(server.clusterFolder))).toBe('700');
    expect(await modeOf(server.logFile)).toBe('600');
    expect(['700', '710']).toContain(await modeOf(dataFolder));
  });

  it('leaves no password in files of its making, in the log, or in the list of processes', async () => {
    const password = new URL(server.superuserUrl).password;
    expect((await readdir(path.dirname(server.clusterFolder))).sort()).toEqual([
      'cluster',
      'server.log',
    ]);
    expect(await readFile(server.logFile, 'utf8')).not.toContain(password);
    expect(log.join('\n')).not.toContain(password);
    if (onLinux) {
      const pid = await postmasterPid(server.clusterFolder);
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      expect(command).toContain(server.clusterFolder);
      expect(command).not.toContain(password);
    }
  });

  it('compares text the same way on every platform', async () => {
    const [row] = await query<object>(
      server.superuserUrl,
      `SELECT datlocprovider AS provider, datlocale AS locale, lower('ÄÖÉ') AS lower
         FROM pg_database WHERE datname = current_database()`,
    );
    expect(row).toEqual({ provider: 'b', locale: 'C.UTF-8', lower: 'äöé' });
  });
});

describe('consoles on one data folder', () => {
  let dataFolder: string;

  beforeAll(async () => {
    log = [];
    dataFolder = path.join(parent, 'shared');
    const server = await start(dataFolder);
    await query(server.superuserUrl, 'CREATE TABLE confirmed (n int)');
    await query(server.superuserUrl, 'GRANT ALL ON confirmed TO credit_console');
    await server.release();
  });

  it('adopt the server of a console that was killed, with all that was confirmed', async () => {
    const killed = await startConsoleProcess(dataFolder);
    await query(killed.facts.consoleUrl, 'INSERT INTO confirmed VALUES (1)');
    const pid = await postmasterPid(killed.facts.clusterFolder);
    await killed.crash();
    expect(await isListening(killed.facts.port)).toBe(true);

    const server = await start(dataFolder);
    expect(server.adopted).toBe(true);
    expect(server.port).toBe(killed.facts.port);
    expect(await postmasterPid(server.clusterFolder)).toBe(pid);
    expect(await query(server.consoleUrl, 'SELECT n FROM confirmed WHERE n = 1')).toHaveLength(1);

    await server.release();
    expect(await isListening(server.port)).toBe(false);
  });

  it('start again after a power cut: server and console killed, the note of the server left behind', async () => {
    const killed = await startConsoleProcess(dataFolder);
    await query(killed.facts.consoleUrl, 'INSERT INTO confirmed VALUES (2)');
    process.kill(await postmasterPid(killed.facts.clusterFolder), 'SIGKILL');
    await killed.crash();

    const server = await start(dataFolder);
    expect(server.adopted).toBe(false);
    expect(await query(server.consoleUrl, 'SELECT n FROM confirmed WHERE n = 2')).toHaveLength(1);
    expect(await readFile(server.logFile, 'utf8')).toContain('not properly shut down');
  });

  it('clear the note of a server whose process number belongs to another program now', async () => {
    const server = await start(dataFolder);
    const noteFile = path.join(server.clusterFolder, 'postmaster.pid');
    const note = await readFile(noteFile, 'utf8');
    await server.release();
    await writeFile(noteFile, note.replace(/^\d+/, String(process.pid)));

    const again = await start(dataFolder);
    expect(again.adopted).toBe(false);
    expect(log).toContain(
      `Clearing the note of a database server that is gone (process ${process.pid}).`,
    );
  });

  it('start one server when three start at once, and the last one out stops it', async () => {
    const consoles = await Promise.all([1, 2, 3].map(() => startConsoleProcess(dataFolder)));
    expect(consoles.map((one) => one.facts.adopted).sort()).toEqual([false, true, true]);
    expect(new Set(consoles.map((one) => one.facts.port)).size).toBe(1);
    const port = consoles[0]?.facts.port ?? 0;

    await consoles[0]?.quit();
    await consoles[1]?.quit();
    expect(await isListening(port)).toBe(true);
    await consoles[2]?.quit();
    expect(await isListening(port)).toBe(false);
    expect(await readdir(dataFolder)).toEqual(['postgresql', 'postgresql.json']);
  });

  it('share it within one process too, and a second release of one changes nothing', async () => {
    const first = await start(dataFolder);
    const second = await start(dataFolder);
    expect(second.adopted).toBe(true);
    await first.release();
    await first.release();
    expect(await isListening(second.port)).toBe(true);
    await second.release();
    expect(await isListening(second.port)).toBe(false);
  });

  it('count as users again after their connections were cut', async () => {
    const first = await start(dataFolder);
    const presences = `SELECT pid FROM pg_stat_activity WHERE application_name = 'credit-console presence'`;
    const [before] = await query<{ pid: number }>(first.superuserUrl, presences);
    await query(first.superuserUrl, `SELECT pg_terminate_backend(${before?.pid})`);
    await vi.waitFor(
      async () => {
        const rows = await query<{ pid: number }>(first.superuserUrl, presences);
        expect(rows).toHaveLength(1);
        expect(rows[0]?.pid).not.toBe(before?.pid);
      },
      { timeout: 20_000 },
    );
    const second = await start(dataFolder);
    await second.release();
    expect(await isListening(first.port)).toBe(true);
  });
});

describe('a port that another program uses', () => {
  let other: Server;

  beforeAll(async () => {
    log = [];
    other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => other.close());

  it('is passed over for the next free one, which the log names', async () => {
    const address = other.address();
    const taken = typeof address === 'object' && address ? address.port : 0;
    const server = await start(path.join(parent, 'port'), taken);
    expect(server.port).not.toBe(taken);
    expect(log).toContain(
      `Port ${taken} is taken by another program; the database uses port ${server.port}.`,
    );
    expect(await query(server.consoleUrl, 'SELECT 1')).toHaveLength(1);

    await server.release();
    const again = await start(path.join(parent, 'port'));
    expect(again.port).toBe(server.port);
  });
});
