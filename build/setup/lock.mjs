import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { say } from './say.mjs';

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
  const owner = join(lock, 'pid');
  mkdirSync(dirname(lock), { recursive: true });
  let told = false;
  while (!take(lock, owner)) {
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

/**
 * @param {string} lock
 * @param {string} owner
 */
function take(lock, owner) {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    if (isAlive(owner)) return false;
    rmSync(lock, { recursive: true, force: true });
    return false;
  }
  writeFileSync(owner, String(process.pid));
  return true;
}

/** @param {string} owner */
function isAlive(owner) {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
