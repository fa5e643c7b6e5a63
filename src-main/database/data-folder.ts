import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '#shared/errors.ts';
import { SYSTEM_FOLDER } from './postgres-binaries.ts';

const NAME = 'credit-console';

/**
 * The folder that holds everything the console keeps: `CREDIT_CONSOLE_DATA` (absolute, or relative to the working folder),
 * else the platform's place for application data. Root's home is closed to the database's own user on most systems; then
 * it is a system folder. Does not create it. Throws `invalid_argument` for a path that cannot serve.
 */
export function resolveDataFolder(
  env: NodeJS.ProcessEnv = process.env,
  system: { platform: NodeJS.Platform; home: string; isRoot: boolean } = {
    platform: process.platform,
    home: os.homedir(),
    isRoot: process.getuid?.() === 0,
  },
): string {
  const chosen = env.CREDIT_CONSOLE_DATA?.trim();
  if (chosen) return checkedFolder(path.resolve(chosen), 'CREDIT_CONSOLE_DATA');
  if (system.platform === 'win32') {
    return path.join(env.APPDATA || path.join(system.home, 'AppData', 'Roaming'), NAME);
  }
  if (system.platform === 'darwin') {
    return path.join(system.home, 'Library', 'Application Support', NAME);
  }
  const dataHome =
    env.XDG_DATA_HOME && path.isAbsolute(env.XDG_DATA_HOME)
      ? env.XDG_DATA_HOME
      : path.join(system.home, '.local', 'share');
  if (system.isRoot && !isOpenToAll(dataHome)) return SYSTEM_FOLDER;
  return path.join(dataHome, NAME);
}

/**
 * PostgreSQL's own programs pass paths through a shell on POSIX systems: a path that a shell would rewrite is refused here.
 */
export function checkedFolder(folder: string, source: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  const misread = process.platform === 'win32' ? /[\u0000-\u001f"%]/ : /[\u0000-\u001f"$`\\]/;
  if (misread.test(folder)) {
    throw new AppError(
      'invalid_argument',
      `${source}: the folder's path holds a character that PostgreSQL's programs would misread (a quote, $, backtick, backslash or control character). ` +
        'Nothing was changed. Choose another folder.',
      { details: { folder } },
    );
  }
  return folder;
}

function isOpenToAll(folder: string): boolean {
  let current = folder;
  for (;;) {
    try {
      if ((statSync(current).mode & 0o001) === 0) return false;
    } catch {
      // What does not exist yet will be made with the right mode; the folders above it decide.
    }
    const parent = path.dirname(current);
    if (parent === current) return true;
    current = parent;
  }
}
