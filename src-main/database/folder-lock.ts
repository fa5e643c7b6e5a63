import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '#shared/errors.ts';

type Holder = {
  token: string;
  pid: number;
  /** When the process began, in the system's own terms; null where that cannot be told. */
  processStart: string | null;
  lockedAt: number;
};

const POLL_MS = 50;

/**
 * Runs `work` while holding a lock file, so that only one process at a time starts or stops what the file stands for.
 * A lock whose process is gone (also when its number was given to another process) is taken over.
 * Throws `database_unavailable` when a living process holds it for longer than `limitSeconds`.
 */
export async function withFolderLock<T>(
  file: string,
  work: () => Promise<T>,
  limitSeconds = 180,
): Promise<T> {
  const token = randomBytes(12).toString('hex');
  const waitUntil = Date.now() + limitSeconds * 1000;
  while (!(await tryLock(file, token))) {
    const holder = await readHolder(file);
    if (holder && !isLiving(holder)) {
      await removeStale(file, holder.token);
      continue;
    }
    if (Date.now() > waitUntil) {
      throw new AppError(
        'database_unavailable',
        `Another Credit Console (process ${holder?.pid ?? 'unknown'}) has been starting or stopping this database for ${limitSeconds} seconds. ` +
          'Nothing was changed. Wait for it or end that process, then try again.',
        { details: { lockFile: file, pid: holder?.pid } },
      );
    }
    await wait(POLL_MS);
  }
  try {
    return await work();
  } finally {
    const holder = await readHolder(file);
    if (holder?.token === token) await rm(file, { force: true });
  }
}

/** Written beside and linked into place: the lock never exists without its content. */
async function tryLock(file: string, token: string): Promise<boolean> {
  const holder: Holder = {
    token,
    pid: process.pid,
    processStart: processStart(process.pid),
    lockedAt: Date.now(),
  };
  const own = path.join(path.dirname(file), `.${path.basename(file)}-${token}`);
  const handle = await open(own, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(holder));
  } finally {
    await handle.close();
  }
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Holder;
  } catch {
    // Not ours or damaged (a power cut): nobody living wrote this, since locks appear whole.
    return { token: '', pid: 0, processStart: null, lockedAt: 0 };
  }
}

function isLiving(holder: Holder): boolean {
  if (holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const start = processStart(holder.pid);
  if (start !== null && holder.processStart !== null) return start === holder.processStart;
  // Without start times, a lock from before the computer's last start cannot be of a living process.
  return holder.lockedAt > Date.now() - os.uptime() * 1000;
}

/** Renaming is atomic: of several processes that see the same dead holder, one removes the file, and no newer lock goes with it. */
async function removeStale(file: string, deadToken: string): Promise<void> {
  const aside = `${file}.stale-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const taken = await readHolder(aside);
  // Somebody else removed the dead lock and made a living one in between: it goes back.
  if (taken && taken.token !== deadToken) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/** On Linux the tick of the system's clock at which a process began; null elsewhere. */
export function processStart(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name may hold spaces and brackets; the fields count from behind it. Start time is field 22.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
