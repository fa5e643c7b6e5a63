import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

const beside = (file: string) => `${file}.${process.pid}-${randomBytes(4).toString('hex')}.new`;

/** Writes a file whole or not at all: beside it, to the disk, then renamed over it. Only its user may read it. */
export async function writeFileAtomically(file: string, content: string): Promise<void> {
  const unfinished = beside(file);
  try {
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** As writeFileAtomically, for the moments when nothing can be waited for. */
export function writeFileAtomicallySync(file: string, content: string): void {
  const unfinished = beside(file);
  try {
    const handle = openSync(unfinished, 'wx', 0o600);
    try {
      writeSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
