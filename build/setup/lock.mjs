import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { say } from './say.mjs';

/** The file in a lock that names its process. */
const owner = 'pid';

/**
 * Runs one step while no other process of this machine runs the same: two commands started side by side
 * would otherwise install or build into one folder at once. A lock whose owner is gone is taken over.
 * @template T
 * @param {string} folder where the lock is kept
 * @param {string} step named in the message of whoever has to wait
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, step, work) {
  const lock = join(folder, `.${step.replaceAll(' ', '-')}.lock`);
  mkdirSync(folder, { recursive: true });
  let told = false;
  while (!take(lock)) {
    if (!told) say(`waiting for another process: ${step}`);
    told = true;
    await wait(200);
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** @param {string} lock */
function take(lock) {
  // Made aside and moved into place, so that a lock never stands there without its owner.
  const prepared = mkdtempSync(`${lock}-`);
  writeFileSync(join(prepared, owner), String(process.pid));
  try {
    renameSync(prepared, lock);
    return true;
  } catch (error) {
    rmSync(prepared, { recursive: true, force: true });
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'EEXIST' && code !== 'ENOTEMPTY' && code !== 'EPERM') throw error;
  }
  if (!isAlive(join(lock, owner))) rmSync(lock, { recursive: true, force: true });
  return false;
}

/** @param {string} file */
function isAlive(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
