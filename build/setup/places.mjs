import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What is built or left behind by tests; never committed. */
export const outFolder = join(projectFolder, 'out');

/**
 * What is downloaded once and serves every checkout of this user. Outside the checkout, so that deleting
 * `out/` or `node_modules/` does not cost a download.
 */
export const cacheFolder = join(cacheHome(), 'credit-console');

function cacheHome() {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === 'win32') return LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache');
}
