import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  constants,
  mkdir,
  readFile,
  realpath,
  rm,
  stat,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '#shared/errors.ts';
import { checkedFolder } from './data-folder.ts';
import {
  type Cluster,
  createCluster,
  diskFull,
  durableSettings,
  folderError,
  freePort,
  inspectCluster,
  isNodeError,
  makeServerFolder,
  readPostmasterFile,
  startCluster,
  stopCluster,
  systemIdentifier,
} from './embedded-cluster.ts';
import {
  type Credentials,
  newCredentials,
  readCredentials,
  writeCredentials,
} from './embedded-credentials.ts';
import { announcePresence, type Presence } from './embedded-presence.ts';
import { withFolderLock } from './folder-lock.ts';
import { canEnter, programsFor, SYSTEM_FOLDER, serverAccount } from './postgres-binaries.ts';
import { runProgram, type ServerAccount } from './run-program.ts';

type Log = (message: string) => void;

export type EmbeddedServer = {
  port: number;
  /** Such as "18.4". */
  version: string;
  /** True where the server was running already: left by a killed console, or used by another one. */
  adopted: boolean;
  /** For migrating only. Holds a password: never shown, never logged. */
  superuserUrl: string;
  /** The console's own login, which is no superuser. Holds a password: never shown, never logged. */
  consoleUrl: string;
  clusterFolder: string;
  logFile: string;
  /** Ends this use of the server; the last console out stops it. End your pools first. Safe to call twice. */
  release: () => Promise<void>;
};

/** The database the ledger lives in, on the embedded server. */
export const CONSOLE_DATABASE = 'credit_console';

const FIRST_PORT = 54_180;
const START_TRIES = 10;

/**
 * Starts the console's own PostgreSQL in a data folder, or joins the one that runs there: made on first use, with
 * checksums and fsync, on 127.0.0.1 with generated passwords.
 * Throws AppError `database_folder`, `database_version`, `disk_full`, `database_unavailable` or `invalid_argument`;
 * none of them changes what the folder holds.
 */
export async function startEmbeddedServer(options: {
  dataFolder: string;
  log: Log;
  /** Tried first for a new database; a known one is tried on its last port. */
  preferredPort?: number;
}): Promise<EmbeddedServer> {
  const { log } = options;
  const dataFolder = checkedFolder(path.resolve(options.dataFolder), 'Data folder');
  try {
    const account = await serverAccount(log);
    await prepareDataFolder(dataFolder, account);
    const files = {
      lock: path.join(dataFolder, 'postgresql.lock'),
      credentials: path.join(dataFolder, 'postgresql.json'),
    };
    return await withFolderLock(files.lock, async () => {
      const cluster = await locateCluster(dataFolder, account, log);
      const credentials = await readyCredentials(
        cluster,
        files.credentials,
        options.preferredPort ?? FIRST_PORT,
        log,
      );
      const { port, adopted } = await startOrAdopt(cluster, credentials, log);
      if (port !== credentials.port) {
        await writeCredentials(files.credentials, { ...credentials, port });
      }
      const superuserUrl = (database: string) => urlOf(credentials.superuser, port, database);
      let presence: Presence | undefined;
      try {
        const version = await ensureLoginAndDatabase(
          superuserUrl('postgres'),
          credentials,
          files.credentials,
        );
        presence = await announcePresence(urlOf(credentials.console, port, 'postgres'), log);
        return {
          port,
          version,
          adopted,
          superuserUrl: superuserUrl(CONSOLE_DATABASE),
          consoleUrl: urlOf(credentials.console, port, CONSOLE_DATABASE),
          clusterFolder: cluster.folder,
          logFile: cluster.logFile,
          release: once(() => release(cluster, files.lock, presence, log)),
        };
      } catch (error) {
        await presence?.end();
        // What this call started and cannot use must not stay behind; what others use must.
        if (!adopted) await stopCluster(cluster).catch(() => undefined);
        throw error;
      }
    });
  } catch (error) {
    throw asFolderProblem(dataFolder, error);
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

// A window that closes should not wait long for another console's start.
const RELEASE_LIMIT_SECONDS = 30;

async function release(
  cluster: Cluster,
  lockFile: string,
  presence: Presence | undefined,
  log: Log,
): Promise<void> {
  await withFolderLock(
    lockFile,
    async () => {
      // Where the server does not answer, it is not in use either: stopping it (again) does no harm.
      const others = (await presence?.countOthers().catch(() => 0)) ?? 0;
      await presence?.end();
      if (others > 0) {
        log('The database server keeps running: another console uses it.');
        return;
      }
      await stopCluster(cluster);
      log('The database server was stopped.');
    },
    RELEASE_LIMIT_SECONDS,
  );
}

/** Passwords are base64url, so nothing in the URL needs escaping. */
function urlOf(login: { name: string; password: string }, port: number, database: string): string {
  return `postgresql://${login.name}:${login.password}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

async function prepareDataFolder(
  dataFolder: string,
  account: ServerAccount | undefined,
): Promise<void> {
  const info = await stat(dataFolder).catch((error: unknown) => {
    if (isNodeError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!info) {
    await mkdir(path.dirname(dataFolder), { recursive: true });
    await mkdir(dataFolder, { mode: 0o700 }).catch((error: unknown) => {
      if (!isNodeError(error, 'EEXIST')) throw error;
    });
  } else if (!info.isDirectory()) {
    throw folderError(
      `${dataFolder} is a file, not a folder. Nothing was changed. Choose another data folder.`,
    );
  }
  await access(dataFolder, constants.R_OK | constants.W_OK | constants.X_OK);
  if (account && !(await canEnter(dataFolder, account))) {
    const { uid, mode } = await stat(dataFolder);
    // A private folder of root's: the server's own user may pass through it, but still not list it.
    if (uid === 0 && (mode & 0o777) === 0o700) {
      await chown(dataFolder, 0, account.gid);
      await chmod(dataFolder, 0o710);
    }
  }
}

/**
 * The cluster lies in the data folder, unless the server's own user cannot get there (a folder in root's home): then in a
 * system folder, one for each data folder, and the log says so.
 */
async function locateCluster(
  dataFolder: string,
  account: ServerAccount | undefined,
  log: Log,
): Promise<Cluster> {
  const programs = await programsFor(account, log);
  let serverFolder = path.join(dataFolder, 'postgresql');
  if (account && !(await canEnter(dataFolder, account))) {
    const name = createHash('sha256')
      .update(await realpath(dataFolder))
      .digest('hex')
      .slice(0, 16);
    serverFolder = path.join(SYSTEM_FOLDER, 'clusters', name);
    await mkdir(path.dirname(serverFolder), { recursive: true, mode: 0o755 });
    log(
      `The database is kept in ${serverFolder}: the user "${account.name}", who runs it, cannot enter ${dataFolder}.`,
    );
  }
  try {
    await mkdir(serverFolder, { mode: 0o700 });
    await makeServerFolder(serverFolder, account);
  } catch (error) {
    if (!isNodeError(error, 'EEXIST')) throw error;
  }
  const info = await stat(serverFolder);
  const owner = account?.uid ?? process.getuid?.();
  if (info.isDirectory() && owner !== undefined && info.uid !== owner) {
    throw folderError(
      `The database in ${serverFolder} belongs to another user of this computer (user number ${info.uid}, expected ${owner}). ` +
        'Nothing was changed. Start the console as that user, or choose another data folder.',
      { owner: info.uid, expected: owner },
    );
  }
  if (!info.isDirectory()) {
    throw folderError(
      `${serverFolder} is a file, where the database's folder should be. Nothing was changed. ` +
        'Move it away, or choose another data folder.',
    );
  }
  return {
    programs,
    account,
    folder: path.join(serverFolder, 'cluster'),
    logFile: path.join(serverFolder, 'server.log'),
  };
}

/** Cluster and passwords, made when both are absent. One without the other is reported, never replaced. */
async function readyCredentials(
  cluster: Cluster,
  file: string,
  preferredPort: number,
  log: Log,
): Promise<Credentials> {
  const found = await inspectCluster(cluster);
  let credentials = await readCredentials(file);
  if (found === 'present' && !credentials) {
    throw folderError(
      `The embedded database is in ${cluster.folder}, but ${file}, which holds its passwords, is missing. Nothing was changed. ` +
        'Restore that file from a backup, or choose another data folder.',
      { missing: [file] },
    );
  }
  if (found === 'absent' && credentials?.state === 'ready') {
    throw folderError(
      `The embedded database is gone from ${cluster.folder}; only its passwords are left in ${file}. No new database was made in its place. ` +
        'Restore the folder from a backup, or remove that file to begin with an empty ledger.',
      { missing: [cluster.folder] },
    );
  }
  credentials ??= newCredentials(preferredPort);
  if (found === 'absent') {
    log(`Making a new database in ${cluster.folder}.`);
    await writeCredentials(file, credentials);
    await createCluster(cluster, credentials.superuser);
  }
  const identifier = await systemIdentifier(cluster.folder);
  if (credentials.systemIdentifier !== null && credentials.systemIdentifier !== identifier) {
    throw folderError(
      `The database in ${cluster.folder} is another one than ${file} holds the passwords of. Nothing was changed. ` +
        'Put back the folder and the file that belong together, or choose another data folder.',
      { found: identifier, expected: credentials.systemIdentifier },
    );
  }
  if (credentials.state === 'ready') return credentials;
  const ready: Credentials = { ...credentials, state: 'ready', systemIdentifier: identifier };
  await writeCredentials(file, ready);
  return ready;
}

async function startOrAdopt(
  cluster: Cluster,
  credentials: Credentials,
  log: Log,
): Promise<{ port: number; adopted: boolean }> {
  let preferred = credentials.port;
  for (let attempt = 0; attempt < START_TRIES; attempt += 1) {
    const running = await findRunningServer(cluster, credentials, log);
    if (running !== undefined) {
      log(`Using the database server that runs on port ${running} already.`);
      return { port: running, adopted: true };
    }
    const port = await freePort(preferred);
    if (port !== credentials.port) {
      log(`Port ${credentials.port} is taken by another program; the database uses port ${port}.`);
    }
    const outcome = await startCluster(cluster, port, durableSettings());
    if (outcome === 'started') {
      log(`The database server was started on port ${port}.`);
      return { port, adopted: false };
    }
    if (outcome === 'port_taken') preferred = port + 1;
    // Processes of a killed server need a moment to notice that it is gone.
    if (outcome === 'memory_in_use') await wait(500);
  }
  throw new AppError(
    'database_unavailable',
    `The database server did not start in ${START_TRIES} tries. Nothing was changed. Try again; ${cluster.logFile} says more.`,
  );
}

const ANSWER_LIMIT_SECONDS = 120;

/**
 * The port of the server that runs in this cluster and is proven to be ours, if there is one. A note of a server that is
 * gone, or whose process number or port now belongs to something else, is cleared away.
 */
async function findRunningServer(
  cluster: Cluster,
  credentials: Credentials,
  log: Log,
): Promise<number | undefined> {
  const noteFile = path.join(cluster.folder, 'postmaster.pid');
  const waitUntil = Date.now() + ANSWER_LIMIT_SECONDS * 1000;
  for (;;) {
    const note = await readPostmasterFile(cluster.folder);
    // The server clears a note whose process does not exist itself when it starts.
    if (!note || note.pid === 0 || !isOwnLivingProcess(note.pid)) return undefined;

    // Before a password goes to that port: a program that merely inherited the number must not be asked.
    const isServer = await isServerProcess(note.pid, cluster.folder);
    const answer = isServer ? await askServer(note.port, cluster, credentials) : 'another';
    if (answer === 'ours') return note.port;
    // Another program, or another cluster: then this folder is a copy, and its note came along.
    if (answer === 'another') {
      log(`Clearing the note of a database server that is gone (process ${note.pid}).`);
      await rm(noteFile, { force: true });
      return undefined;
    }
    if (answer === 'refuses_us') {
      throw folderError(
        `The database server that runs in ${cluster.folder} (process ${note.pid}) refuses the console's password. Nothing was changed. ` +
          'Restore postgresql.json from a backup, then try again.',
        { pid: note.pid },
      );
    }
    if (Date.now() > waitUntil) {
      throw new AppError(
        'database_unavailable',
        `A database server runs in ${cluster.folder} (process ${note.pid}) but has not answered for ${ANSWER_LIMIT_SECONDS} seconds. Nothing was changed. ` +
          'End that process, then try again.',
        { details: { pid: note.pid } },
      );
    }
    await wait(100);
  }
}

/** A process that we may not signal belongs to somebody else, so it is not our server. */
function isOwnLivingProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function askServer(
  port: number,
  cluster: Cluster,
  credentials: Credentials,
): Promise<'ours' | 'another' | 'refuses_us' | 'no_answer'> {
  if (port === 0) return 'no_answer';
  const client = new pg.Client({
    connectionString: urlOf(credentials.superuser, port, 'postgres'),
    ssl: false,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string; identifier: string }>(
      `SELECT current_setting('data_directory') AS folder, system_identifier::text AS identifier
         FROM pg_control_system()`,
    );
    const [row] = rows;
    if (!row) return 'no_answer';
    const sameFolder = (await comparable(row.folder)) === (await comparable(cluster.folder));
    return sameFolder && row.identifier === credentials.systemIdentifier ? 'ours' : 'another';
  } catch (error) {
    return isNodeError(error, '28P01', '28000') ? 'refuses_us' : 'no_answer';
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function comparable(folder: string): Promise<string> {
  const real = await realpath(folder).catch(() => path.resolve(folder));
  return process.platform === 'win32' ? real.toLowerCase() : real;
}

/**
 * Whether a process can be the PostgreSQL server of this cluster. In doubt it can: clearing the note of a running server
 * would take away what keeps a second one from opening the same files.
 */
async function isServerProcess(pid: number, clusterFolder: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch((error: unknown) =>
      isNodeError(error, 'ENOENT', 'ESRCH') ? '' : undefined,
    );
    if (command === undefined) return true;
    const words = command.split('\0');
    if (!words[0]?.includes('postgres')) return false;
    const folder = words[words.indexOf('-D') + 1];
    if (!words.includes('-D') || !folder || !path.isAbsolute(folder)) return true;
    return (await comparable(folder)) === (await comparable(clusterFolder));
  }
  if (process.platform === 'win32') {
    const list = await runProgram('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']);
    return list.code !== 0 || /postgres/i.test(list.output);
  }
  const list = await runProgram('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  return list.code !== 0 || list.output.includes('postgres');
}

/** Makes what the console itself needs, once, and returns the server's version. */
async function ensureLoginAndDatabase(
  superuserUrl: string,
  credentials: Credentials,
  credentialsFile: string,
): Promise<string> {
  const client = new pg.Client({
    connectionString: superuserUrl,
    ssl: false,
    connectionTimeoutMillis: 30_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const login = client.escapeIdentifier(credentials.console.name);
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [
      credentials.console.name,
    ]);
    if (roles.rowCount === 0) {
      const password = client.escapeLiteral(credentials.console.password);
      await client.query(
        `CREATE ROLE ${login} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${password}`,
      );
    }
    const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      CONSOLE_DATABASE,
    ]);
    if (databases.rowCount === 0) await client.query(`CREATE DATABASE ${CONSOLE_DATABASE}`);
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  } catch (error) {
    if (isNodeError(error, '28P01', '28000')) {
      throw folderError(
        `The passwords in ${credentialsFile} do not fit the embedded database. Nothing was changed. ` +
          'Restore that file from a backup, then try again.',
        { file: credentialsFile },
        error,
      );
    }
    if (isNodeError(error, '53100')) throw diskFull(credentialsFile, error);
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The system's own errors about files, as an answer a person can use. */
function asFolderProblem(dataFolder: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (isNodeError(error, 'ENOSPC', 'EDQUOT')) return diskFull(dataFolder, error);
  if (isNodeError(error, 'EACCES', 'EPERM', 'EROFS')) {
    return folderError(
      `The data folder ${dataFolder} cannot be written. Nothing was changed. ` +
        'Give your user the right to write there, or choose another data folder.',
      { reason: error.code },
      error,
    );
  }
  if (isNodeError(error, 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG', 'ELOOP', 'EINVAL')) {
    return folderError(
      `${dataFolder} cannot be a folder: a part of the path is a file, or the path is not allowed. Nothing was changed. ` +
        'Choose another data folder.',
      { reason: error.code },
      error,
    );
  }
  return error;
}
