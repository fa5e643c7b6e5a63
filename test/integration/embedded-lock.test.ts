import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processStart, withFolderLock } from '#main/database/folder-lock.ts';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'credit-console-lock-'));
});
beforeEach(() => {
  file = path.join(folder, 'one.lock');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  return child.pid ?? 0;
}

describe('the lock of a folder', () => {
  it('lets one piece of work in at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await readFile(file);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 6 }, () => withFolderLock(file, work)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is given back when the work fails', async () => {
    const failure = withFolderLock(file, () => Promise.reject(new Error('no')));
    await expect(failure).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['of a process that is gone', async () => ({ pid: await deadPid(), processStart: null })],
    [
      'whose process number was given to another',
      async () => ({ pid: process.pid, processStart: '1' }),
    ],
    [
      'from before the computer was started',
      async () => ({ pid: process.pid, processStart: null }),
    ],
  ])('%s is taken over', async (_case, holder) => {
    await writeFile(file, JSON.stringify({ token: 'x', lockedAt: 0, ...(await holder()) }));
    const taken = await withFolderLock(file, async () => 'mine', 5);
    expect(taken).toBe('mine');
    expect(await readdir(folder)).toEqual([]);
  });

  it('of a living process is left alone, and the wait ends with a message', async () => {
    const holder = {
      token: 'x',
      pid: process.pid,
      processStart: processStart(process.pid),
      lockedAt: Date.now(),
    };
    await writeFile(file, JSON.stringify(holder));
    await expect(withFolderLock(file, async () => 'mine', 0)).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(holder);
    await rm(file);
  });
});
