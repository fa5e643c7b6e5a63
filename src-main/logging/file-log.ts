import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { createLog, type Log } from './log.ts';

const KEPT_BYTES = 2 * 1_048_576;

/**
 * A log in a file that only its user can read. At 2 MB it becomes `<file>.old`, which replaces the one before. Lines are
 * written at once, so that the last of them survives a crash; a disk that is full must not stop the console.
 */
export function createFileLog(
  file: string,
  options: { alsoTo?: (line: string) => void; keptBytes?: number } = {},
): Log {
  const keptBytes = options.keptBytes ?? KEPT_BYTES;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let size = sizeOf(file);
  return createLog((line) => {
    options.alsoTo?.(line);
    const text = `${line}\n`;
    try {
      if (size > 0 && size + text.length > keptBytes) {
        renameSync(file, `${file}.old`);
        size = 0;
      }
      appendFileSync(file, text, { mode: 0o600 });
      size += Buffer.byteLength(text);
    } catch {
      size = sizeOf(file);
    }
  });
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
