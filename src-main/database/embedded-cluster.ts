import { randomBytes } from 'node:crypto';
import { chmod, chown, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '#shared/errors.ts';
import { POSTGRES_MAJOR, type PostgresPrograms } from './postgres-binaries.ts';
import { runProgram, type ServerAccount } from './run-program.ts';

/** What initdb, pg_ctl and postgres need to know of one cluster. */
export type Cluster = {
  programs: PostgresPrograms;
  account: ServerAccount | undefined;
  /** The data directory itself. */
  folder: string;
  logFile: string;
};

/** Parts that every cluster has; one of them missing means the folder was damaged or is something else. */
const ESSENTIAL_PARTS = [
  'global/pg_control',
  'base',
  'pg_wal',
  'pg_xact',
  'postgresql.conf',
  'pg_hba.conf',
];

const NO_SPACE =
  /No space left on device|Disk quota exceeded|not enough space on the disk|Check free disk space/i;

export function diskFull(folder: string, cause?: unknown): AppError {
  return new AppError(
    'disk_full',
    `The disk that holds ${folder} is full. Entries that were confirmed are safe; nothing was changed now. ` +
      'Free some space (200 MB or more), then try again.',
    { cause, details: { folder } },
  );
}

export function folderError(
  message: string,
  details?: Record<string, unknown>,
  cause?: unknown,
): AppError {
  return new AppError('database_folder', message, { details, cause });
}

/**
 * Makes a cluster: UTF-8, the same sort order on every platform, checksums on, password authentication for every
 * connection. It is made beside `folder` and renamed at the end, so a cut or a full disk leaves no half cluster.
 */
export async function createCluster(
  cluster: Cluster,
  superuser: { name: string; password: string },
  options: { sync?: boolean } = {},
): Promise<void> {
  const mark = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const unfinished = `${cluster.folder}.new-${mark}`;
  const passwordFile = `${cluster.folder}.password-${mark}`;
  try {
    await writeFile(passwordFile, `${superuser.password}\n`, { mode: 0o600, flag: 'wx' });
    if (cluster.account) await chown(passwordFile, cluster.account.uid, cluster.account.gid);
    const result = await runProgram(
      cluster.programs.initdb,
      [
        `--pgdata=${unfinished}`,
        `--username=${superuser.name}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--data-checksums',
        '--no-instructions',
        ...(options.sync === false ? ['--no-sync'] : []),
      ],
      { account: cluster.account },
    );
    if (result.code !== 0) throw initdbError(cluster.folder, result.output);
    await rename(unfinished, cluster.folder);
  } catch (error) {
    if (isNodeError(error, 'ENOSPC', 'EDQUOT')) throw diskFull(cluster.folder, error);
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
}

function initdbError(folder: string, output: string): AppError {
  if (NO_SPACE.test(output)) return diskFull(folder, output);
  const reason = lastErrorLine(output, /error:|FATAL:|PANIC:/);
  return folderError(
    `The database could not be made in ${folder}: ${reason}. Nothing was left behind. ` +
      'Check that the folder can be written, or choose another data folder.',
    { output: output.slice(-4000) },
  );
}

function lastErrorLine(output: string, pattern: RegExp): string {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '');
  const line =
    lines.findLast((candidate) => pattern.test(candidate)) ?? lines.at(-1) ?? 'no reason was given';
  return line.replace(/^.*?(?:error|FATAL|PANIC):\s*/, '').trim();
}

export function isNodeError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** What lies at the place of the cluster. Throws `database_version` or `database_folder` where it cannot be opened. */
export async function inspectCluster(cluster: Cluster): Promise<'absent' | 'present'> {
  const { folder } = cluster;
  let version: string;
  try {
    const info = await stat(folder);
    if (!info.isDirectory()) {
      throw folderError(
        `${folder} is a file, where the database's folder should be. Nothing was changed. ` +
          'Move it away, or choose another data folder.',
      );
    }
    const owner = cluster.account?.uid ?? process.getuid?.();
    if (owner !== undefined && info.uid !== owner) {
      throw folderError(
        `The database in ${folder} belongs to another user of this computer (user number ${info.uid}, expected ${owner}). ` +
          'Nothing was changed. Start the console as that user, or choose another data folder.',
        { owner: info.uid, expected: owner },
      );
    }
    version = (await readFile(path.join(folder, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (isNodeError(error, 'ENOENT')) {
      if (await isAbsent(folder)) return 'absent';
      throw folderError(
        `${folder} is not a database of this console, or was damaged: PG_VERSION is missing. Nothing was changed. ` +
          'Restore the folder from a backup, or choose another data folder.',
        { missing: ['PG_VERSION'] },
      );
    }
    throw folderError(
      `The database's folder ${folder} cannot be read. Nothing was changed. ` +
        'Check who may read it, or choose another data folder.',
      {},
      error,
    );
  }
  if (version !== String(POSTGRES_MAJOR)) {
    throw new AppError(
      'database_version',
      `The database in ${folder} was made by PostgreSQL ${version.slice(0, 20)}; this console brings PostgreSQL ${POSTGRES_MAJOR}. ` +
        'Nothing was changed. Open it with the version of the console that made it, or choose another data folder.',
      { details: { found: version.slice(0, 20), needed: POSTGRES_MAJOR } },
    );
  }
  const missing: string[] = [];
  for (const part of ESSENTIAL_PARTS) {
    if (await isAbsent(path.join(folder, part))) missing.push(part);
  }
  if (missing.length > 0) {
    throw folderError(
      `The database in ${folder} is damaged: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. ` +
        'Nothing was changed. Restore the folder from a backup, or choose another data folder.',
      { missing },
    );
  }
  return 'present';
}

async function isAbsent(file: string): Promise<boolean> {
  try {
    await stat(file);
    return false;
  } catch (error) {
    return isNodeError(error, 'ENOENT');
  }
}

/** The number PostgreSQL gives a cluster when it is made; it never changes and stands first in pg_control. */
export async function systemIdentifier(clusterFolder: string): Promise<string> {
  const control = await open(path.join(clusterFolder, 'global', 'pg_control'), 'r');
  try {
    const { buffer, bytesRead } = await control.read(Buffer.alloc(8), 0, 8, 0);
    if (bytesRead < 8) {
      throw folderError(
        `The database in ${clusterFolder} is damaged: global/pg_control is empty. Nothing was changed. ` +
          'Restore the folder from a backup, or choose another data folder.',
      );
    }
    return (
      os.endianness() === 'LE' ? buffer.readBigUInt64LE() : buffer.readBigUInt64BE()
    ).toString();
  } finally {
    await control.close();
  }
}

/**
 * Settings for a server on somebody's own computer. They stand on the command line, so neither postgresql.conf nor
 * ALTER SYSTEM can switch durability off or open the server to the network.
 */
export function durableSettings(): Record<string, string> {
  const megabytes = Math.floor(os.totalmem() / 1_048_576);
  const share = (part: number, min: number, max: number) =>
    `${Math.min(max, Math.max(min, Math.floor(megabytes / part)))}MB`;
  return {
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    shared_buffers: share(16, 128, 512),
    effective_cache_size: share(2, 512, 16_384),
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    random_page_cost: '1.1',
    jit: 'off',
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // A refused entry is an answer, not an incident: its statement holds customers' data and stays out of the log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  };
}

const PORTS_TRIED = 50;

/** The first port from `preferred` on that nothing on this computer listens on; any free one after 50 tries. */
export async function freePort(preferred: number): Promise<number> {
  for (let port = preferred; port < preferred + PORTS_TRIED && port < 65_536; port += 1) {
    if ((await tryPort(port)) !== undefined) return port;
  }
  const port = await tryPort(0);
  if (port !== undefined) return port;
  throw new AppError(
    'database_unavailable',
    'No free port was found on this computer for the database. Nothing was changed. ' +
      'Close programs that use many network connections, then try again.',
  );
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(taken));
    });
  });
}

export type StartOutcome = 'started' | 'port_taken' | 'already_running' | 'memory_in_use';

const START_LIMIT_SECONDS = 300;

/**
 * Starts the server on 127.0.0.1 alone (no Unix socket: one mechanism on every platform) and waits until it accepts
 * connections. Outcomes that another try may cure are returned; all others throw an AppError with the reason.
 */
export async function startCluster(
  cluster: Cluster,
  port: number,
  settings: Record<string, string>,
): Promise<StartOutcome> {
  const all = {
    ...settings,
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    logging_collector: 'off',
  };
  const serverOptions = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
  const logStart = await prepareLogFile(cluster);
  const result = await runProgram(
    cluster.programs.pgCtl,
    [
      'start',
      ...['-D', cluster.folder],
      ...['-l', cluster.logFile],
      ...['-t', String(START_LIMIT_SECONDS)],
      '-w',
      ...['-o', serverOptions.join(' ')],
    ],
    { account: cluster.account, folder: path.dirname(cluster.folder), leavesServer: true },
  );
  if (result.code === 0) return 'started';
  const logged = (await readFile(cluster.logFile).catch(() => Buffer.alloc(0)))
    .subarray(logStart)
    .toString('utf8');
  return judgeFailedStart(cluster.folder, `${logged}\n${result.output}`);
}

function judgeFailedStart(folder: string, output: string): StartOutcome {
  if (/could not bind IPv4 address/.test(output)) return 'port_taken';
  if (/lock file "postmaster\.pid" already exists|another server might be running/.test(output)) {
    return 'already_running';
  }
  if (/pre-existing shared memory block/.test(output)) return 'memory_in_use';
  if (NO_SPACE.test(output)) throw diskFull(folder, output);
  const reason = lastErrorLine(output, /FATAL:|PANIC:/);
  const details = { output: output.slice(-4000) };
  if (/is not compatible with this version|incompatible with server/.test(output)) {
    throw new AppError(
      'database_version',
      `The database in ${folder} was made by another version of PostgreSQL: ${reason}. Nothing was changed. ` +
        'Open it with the version of the console that made it, or choose another data folder.',
      { details },
    );
  }
  if (
    /could not (open|read|access|locate|find|write|stat)|control file|checkpoint|ownership|permissions|Permission denied|corrupt|invalid|bogus/i.test(
      reason,
    )
  ) {
    throw folderError(
      `The database in ${folder} could not be opened: ${reason}. Nothing was changed. ` +
        'Restore the folder from a backup, or choose another data folder.',
      details,
    );
  }
  throw new AppError(
    'database_unavailable',
    `The database server did not start: ${reason}. Nothing was changed. Try again; the log beside ${folder} says more.`,
    { details },
  );
}

const LOG_KEPT_BYTES = 4 * 1_048_576;

/** Keeps the log small (one older file), and returns where the next start's lines will begin. */
async function prepareLogFile(cluster: Cluster): Promise<number> {
  const size = await stat(cluster.logFile).then(
    (info) => info.size,
    () => 0,
  );
  if (size <= LOG_KEPT_BYTES) return size;
  await rename(cluster.logFile, `${cluster.logFile}.old`);
  return 0;
}

/** Stops the server: `fast` ends sessions and writes everything out; `immediate` is for throwaway servers. */
export async function stopCluster(
  cluster: Cluster,
  mode: 'fast' | 'immediate' = 'fast',
): Promise<void> {
  const result = await runProgram(
    cluster.programs.pgCtl,
    ['stop', '-D', cluster.folder, '-m', mode, '-w', '-t', '120'],
    { account: cluster.account, folder: path.dirname(cluster.folder) },
  );
  if (result.code === 0 || /PID file .* does not exist|no server running/i.test(result.output))
    return;
  throw new AppError(
    'database_unavailable',
    'The database server did not stop in time; it was left running and the next start will use it. Nothing was lost.',
    { details: { output: result.output.slice(-2000) } },
  );
}

export type PostmasterFile = { pid: number; port: number; status: string; text: string };

/** What a running (or killed) server wrote about itself; undefined where no server is said to run. */
export async function readPostmasterFile(
  clusterFolder: string,
): Promise<PostmasterFile | undefined> {
  const text = await readFile(path.join(clusterFolder, 'postmaster.pid'), 'utf8').catch(
    () => undefined,
  );
  if (text === undefined) return undefined;
  const lines = text.split(/\r?\n/);
  return {
    // A single-user server notes its process id as a negative number.
    pid: Math.abs(Number.parseInt(lines[0] ?? '', 10)) || 0,
    port: Number.parseInt(lines[3] ?? '', 10) || 0,
    status: (lines[7] ?? '').trim(),
    text,
  };
}

/** A folder of the server's own: its account owns it, nobody else sees into it. */
export async function makeServerFolder(
  folder: string,
  account: ServerAccount | undefined,
): Promise<void> {
  await chmod(folder, 0o700);
  if (account) await chown(folder, account.uid, account.gid);
}
