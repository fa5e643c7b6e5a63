import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedServer, startEmbeddedServer } from '#main/database/embedded-server.ts';
import {
  findPostgresPrograms,
  programsFor,
  programsIn,
  serverAccount,
} from '#main/database/postgres-binaries.ts';
import { runProgram } from '#main/database/run-program.ts';
import { AppError, type ErrorCode } from '#shared/errors.ts';

const isRoot = process.getuid?.() === 0;
const canMount = isRoot && process.platform === 'linux' && (await tryMount());

/** Small file systems need the right to mount, which a container may lack even for root. */
async function tryMount(): Promise<boolean> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'credit-console-mount-'));
  const mounted = await mountMemory(folder, '1m');
  if (mounted) await unmount(folder);
  await rm(folder, { recursive: true });
  return mounted;
}

async function mountMemory(folder: string, size: string): Promise<boolean> {
  const result = await runProgram('/bin/mount', [
    ...['-t', 'tmpfs', '-o', `size=${size},mode=755`],
    ...['tmpfs', folder],
  ]).catch(() => ({ code: 1 }));
  return result.code === 0;
}

async function unmount(folder: string): Promise<void> {
  const result = await runProgram('/bin/umount', [folder]);
  expect(result).toMatchObject({ code: 0 });
}

let parent: string;
const servers: EmbeddedServer[] = [];

async function start(dataFolder: string, log: string[] = []): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({ dataFolder, log: (message) => log.push(message) });
  servers.push(server);
  return server;
}

async function refusal(dataFolder: string): Promise<AppError> {
  const error = await start(dataFolder).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`Expected an AppError, got ${String(error)}`);
  return error;
}

/** A refusal names what happened, says that nothing changed, and what to do. */
async function expectRefusal(
  dataFolder: string,
  code: ErrorCode,
  ...texts: (string | RegExp)[]
): Promise<void> {
  const error = await refusal(dataFolder);
  expect(error.message).toMatch(/[Nn]othing was |No new database|not touched/);
  for (const text of texts) expect(error.message).toMatch(text);
  expect(error.code).toBe(code);
}

async function listTree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  // The log, and the server's own cache, which each start makes anew.
  return entries.filter((name) => !/server\.log|pg_internal\.init/.test(name)).sort();
}

beforeAll(async () => {
  parent = await mkdtemp(path.join(os.tmpdir(), 'credit-console-failures-'));
  await chmod(parent, 0o755);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.release();
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe('a data folder with a database in it', () => {
  let dataFolder: string;
  let cluster: string;

  beforeAll(async () => {
    dataFolder = path.join(parent, 'kept');
    const server = await start(dataFolder);
    cluster = server.clusterFolder;
    await server.release();
    servers.splice(0);
  });

  /** Breaks something, expects the refusal, checks that the refusal changed no file, and mends it again. */
  async function whileBroken(
    breakIt: () => Promise<unknown>,
    mend: () => Promise<unknown>,
    code: ErrorCode,
    ...texts: (string | RegExp)[]
  ): Promise<void> {
    await breakIt();
    try {
      const before = await listTree(dataFolder);
      await expectRefusal(dataFolder, code, ...texts);
      expect(await listTree(dataFolder)).toEqual(before);
    } finally {
      await mend();
    }
    // The proof that nothing was lost: mended, it opens.
    await (await start(dataFolder)).release();
  }

  it('of another PostgreSQL version is refused with both versions named', async () => {
    const file = path.join(cluster, 'PG_VERSION');
    await whileBroken(
      () => writeFile(file, '17\n'),
      () => writeFile(file, '18\n'),
      'database_version',
      'PostgreSQL 17',
      'PostgreSQL 18',
    );
  });

  it.each(['PG_VERSION', 'global/pg_control', 'pg_wal', 'pg_hba.conf'])(
    'that lacks %s is refused, and the missing part named',
    async (part) => {
      const file = path.join(cluster, part);
      await whileBroken(
        () => rename(file, `${dataFolder}.aside`),
        () => rename(`${dataFolder}.aside`, file),
        'database_folder',
        part,
      );
    },
  );

  it('with damaged content is refused with the reason the server gave', async () => {
    const file = path.join(cluster, 'global', 'pg_control');
    const whole = await readFile(file);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 64, 128);
    const write = async (content: Buffer) => {
      const handle = await open(file, 'r+');
      await handle.write(content, 0, content.length, 0);
      await handle.close();
    };
    await whileBroken(
      () => write(damaged),
      () => write(whole),
      'database_folder',
      /control file|pg_control/,
    );
  });

  it('whose password file is missing, damaged or of another database is refused', async () => {
    const file = path.join(dataFolder, 'postgresql.json');
    const whole = await readFile(file, 'utf8');
    const mend = () => writeFile(file, whole);
    await whileBroken(() => rm(file), mend, 'database_folder', 'postgresql.json', 'missing');
    await whileBroken(() => writeFile(file, '{'), mend, 'database_folder', 'damaged');
    const another = whole.replace(/"systemIdentifier": "\d+"/, '"systemIdentifier": "1"');
    expect(another).not.toBe(whole);
    await whileBroken(() => writeFile(file, another), mend, 'database_folder', 'another one');
    const wrong = whole.replaceAll(/"password": "[^"]+"/g, `"password": "${'x'.repeat(43)}"`);
    await whileBroken(() => writeFile(file, wrong), mend, 'database_folder', 'do not fit');
  });

  it('whose cluster is gone is not given an empty ledger in its place', async () => {
    await whileBroken(
      () => rename(cluster, `${cluster}.aside`),
      () => rename(`${cluster}.aside`, cluster),
      'database_folder',
      'No new database was made',
    );
  });

  it.skipIf(!isRoot)('that belongs to another user is refused', async () => {
    const folder = path.dirname(cluster);
    const { uid, gid } = await stat(folder);
    await whileBroken(
      () => chown(folder, 54_321, 54_321),
      () => chown(folder, uid, gid),
      'database_folder',
      'another user',
      '54321',
    );
  });

  it('was copied while its server ran: the copy starts a server of its own', async () => {
    const original = await start(dataFolder);
    const copy = path.join(parent, 'copy');
    // Archive mode keeps the owner, as a backup does.
    await runProgram('/bin/cp', ['-a', dataFolder, copy]);
    const log: string[] = [];
    const server = await start(copy, log);
    expect(server.adopted).toBe(false);
    expect(server.port).not.toBe(original.port);
    expect(log.join('\n')).toContain('Clearing the note');
    expect(server.clusterFolder).toBe(path.join(copy, 'postgresql', 'cluster'));
  });
});

describe('a data folder that cannot serve', () => {
  it('is refused when it is a file, or below one', async () => {
    const file = path.join(parent, 'file');
    await writeFile(file, 'text');
    await expectRefusal(file, 'database_folder', 'is a file');
    await expectRefusal(path.join(file, 'below'), 'database_folder', 'part of the path is a file');
    expect(await readFile(file, 'utf8')).toBe('text');
  });

  it('is refused when something else lies where the cluster belongs', async () => {
    const account = await serverAccount();
    const dataFolder = path.join(parent, 'foreign');
    const folder = path.join(dataFolder, 'postgresql', 'cluster');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'holiday.jpg'), 'not a database');
    if (account) await runProgram('/bin/chown', ['-R', account.name, path.dirname(folder)]);
    await expectRefusal(dataFolder, 'database_folder', 'not a database of this console');
    expect(await readdir(folder)).toEqual(['holiday.jpg']);
  });

  it('is refused when a shell would misread its path', async () => {
    const error = await refusal(path.join(parent, 'a"b'));
    expect(error.code).toBe('invalid_argument');
  });

  it.skipIf(isRoot)('is refused when the user may not write there', async () => {
    const folder = path.join(parent, 'closed');
    await mkdir(folder, { mode: 0o500 });
    await expectRefusal(folder, 'database_folder', 'cannot be written');
  });

  // Needs the right to mount: without it there is no read-only or tiny file system to try.
  it.skipIf(!canMount)('is refused when its file system is read-only', async () => {
    const folder = path.join(parent, 'read-only');
    await mkdir(folder);
    await mountMemory(folder, '1m');
    try {
      await runProgram('/bin/mount', ['-o', 'remount,ro', folder]);
      await expectRefusal(path.join(folder, 'data'), 'database_folder', 'cannot be written');
      await expectRefusal(folder, 'database_folder', 'cannot be written');
    } finally {
      await unmount(folder);
    }
  });

  it.skipIf(!canMount)('says that the disk is full, and leaves nothing half made', async () => {
    const folder = path.join(parent, 'tiny');
    await mkdir(folder);
    await mountMemory(folder, '20m');
    try {
      const dataFolder = path.join(folder, 'data');
      await expectRefusal(dataFolder, 'disk_full', 'full', 'Free some space');
      expect(await readdir(path.join(dataFolder, 'postgresql'))).toEqual([]);
    } finally {
      await unmount(folder);
    }
  });

  it.skipIf(!canMount)(
    'keeps what it has when the disk fills up, and opens again after',
    async () => {
      const folder = path.join(parent, 'filling');
      await mkdir(folder);
      await mountMemory(folder, '90m');
      try {
        const dataFolder = path.join(folder, 'data');
        await (await start(dataFolder)).release();
        const filler = path.join(folder, 'filler');
        await runProgram('/bin/dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
        await expectRefusal(dataFolder, 'disk_full', 'Entries that were confirmed are safe');
        await rm(filler);
        const server = await start(dataFolder);
        expect(server.adopted).toBe(false);
        await server.release();
      } finally {
        await unmount(folder);
      }
    },
  );
});

describe.skipIf(!isRoot)('as root', () => {
  it('keeps the database in a system folder when its own user cannot enter the data folder', async () => {
    const closed = path.join(parent, 'closed-home');
    await mkdir(closed, { mode: 0o700 });
    const log: string[] = [];
    const server = await start(path.join(closed, 'data'), log);
    const serverFolder = path.dirname(server.clusterFolder);
    try {
      expect(server.clusterFolder).toMatch(/^\/var\/lib\/credit-console\/clusters\/[0-9a-f]{16}\//);
      expect(log.join('\n')).toContain(`The database is kept in ${serverFolder}`);
      const client = new pg.Client({ connectionString: server.consoleUrl, ssl: false });
      await client.connect();
      await client.end();
      await server.release();
      const again = await start(path.join(closed, 'data'));
      expect(again.clusterFolder).toBe(server.clusterFolder);
      await again.release();
    } finally {
      await rm(serverFolder, { recursive: true, force: true });
    }
  });

  it("copies PostgreSQL's programs to a system folder when its own user cannot run the installed ones", async () => {
    const found = await findPostgresPrograms();
    const closed = path.join(parent, 'closed-checkout');
    await mkdir(closed, { mode: 0o700 });
    await cp(found.folder, path.join(closed, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    const installed = programsIn(path.join(closed, 'native'), found.packageVersion);
    const account = await serverAccount();
    const systemFolder = path.join(parent, 'system');
    const log: string[] = [];
    const options = { installed, systemFolder };

    const programs = await programsFor(account, (message) => log.push(message), options);
    expect(programs.folder).toBe(path.join(systemFolder, `postgresql-${found.packageVersion}`));
    expect(log.join('\n')).toContain(programs.folder);
    const version = await runProgram(programs.postgres, ['--version'], { account });
    expect(version.output).toContain('PostgreSQL) 18');

    // The second time there is nothing to copy, and nothing to say.
    log.length = 0;
    expect(await programsFor(account, (message) => log.push(message), options)).toEqual(programs);
    expect(log).toEqual([]);
  });
});
