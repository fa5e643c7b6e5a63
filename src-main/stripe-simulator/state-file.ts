import { readFileSync, renameSync } from 'node:fs';
import { writeFileAtomically, writeFileAtomicallySync } from '#main/settings/atomic-file.ts';
import type { CollectionName, Collections, MeterEventRecord } from './world.ts';

/** All of a world as it is written to disk. */
export type Snapshot = {
  version: 1;
  accountId: string;
  /** How far the simulator's clock is ahead of the real one, in seconds. */
  clockAhead: number;
  collections: { [Name in CollectionName]?: Collections[Name][] };
  meterEvents: MeterEventRecord[];
  kept: Record<string, [string, unknown][]>;
};

const soon = 100;

/**
 * Reads the state, or answers undefined where there is none yet. A file that cannot be understood is set aside under another
 * name and reported, never overwritten.
 */
export function readSnapshot(file: string, log: (message: string) => void): Snapshot | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const snapshot = parsed(text);
  if (snapshot !== undefined) return snapshot;
  const aside = `${file}.unreadable-${new Date().toISOString().replaceAll(':', '-')}`;
  renameSync(file, aside);
  log(
    `The simulator's state could not be read and was set aside as ${aside}; the simulator starts empty.`,
  );
  return undefined;
}

function parsed(text: string): Snapshot | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const whole =
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'accountId' in value &&
    typeof value.accountId === 'string' &&
    'clockAhead' in value &&
    typeof value.clockAhead === 'number' &&
    'collections' in value &&
    typeof value.collections === 'object' &&
    value.collections !== null &&
    Object.values(value.collections).every(Array.isArray) &&
    'meterEvents' in value &&
    Array.isArray(value.meterEvents) &&
    'kept' in value &&
    typeof value.kept === 'object' &&
    value.kept !== null &&
    Object.values(value.kept).every(Array.isArray);
  // The shapes inside are the simulator's own: it wrote the file.
  return whole ? (value as Snapshot) : undefined;
}

/** Writes a world to its file shortly after it changed, and on close. */
export type StateKeeper = { changed: () => void; close: () => Promise<void> };

/** @param take takes a snapshot of the world as it is now */
export function keepState(
  file: string,
  take: () => Snapshot,
  log: (message: string) => void,
): StateKeeper {
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let dirty = false;
  let closed = false;
  // A large world is written less often, so that writing never takes most of the time.
  let pause = soon;

  function schedule(): void {
    if (timer !== undefined || writing !== undefined || closed) return;
    timer = setTimeout(() => {
      timer = undefined;
      writing = write().finally(() => {
        writing = undefined;
        if (dirty) schedule();
      });
    }, pause);
    timer.unref();
  }

  async function write(): Promise<void> {
    dirty = false;
    const started = performance.now();
    try {
      await writeFileAtomically(file, JSON.stringify(take()));
    } catch (error) {
      dirty = true;
      log(`The simulator's state could not be written to ${file}: ${String(error)}`);
    }
    pause = Math.max(soon, (performance.now() - started) * 10);
  }

  return {
    changed() {
      dirty = true;
      schedule();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await writing;
      writeFileAtomicallySync(file, JSON.stringify(take()));
    },
  };
}
