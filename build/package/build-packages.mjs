import { chmodSync } from 'node:fs';
import { basename, join } from 'node:path';
import { path7za } from '7zip-bin';
import { build, Platform } from 'electron-builder';
import { recentFailure } from '../electron-runtime/official.mjs';
import { officialVersion } from '../electron-runtime/runtime.mjs';
import { projectFolder } from '../setup/places.mjs';
import { say } from '../setup/say.mjs';
import { packageConfiguration } from './configuration.mjs';

/**
 * Packs the built app for this platform.
 * @param {object} request
 * @param {import('../electron-runtime/runtime.mjs').ElectronRuntime} request.runtime
 * @param {string} request.outputFolder
 * @param {boolean} request.release whether to take the time to compress well
 * @returns {Promise<{ files: string[], appFolder: string }>} what was made, and the unpacked app
 */
export async function buildPackages({ runtime, outputFolder, release }) {
  useToolsFromNpm(release);
  const config = packageConfiguration({ runtime, outputFolder });
  if (process.platform !== 'linux') {
    const files = await build({ projectDir: projectFolder, config, publish: 'never' });
    return { files, appFolder: unpackedFolder(outputFolder) };
  }
  const files = await build({
    projectDir: projectFolder,
    config,
    publish: 'never',
    targets: Platform.LINUX.createTarget(['dir', 'tar.gz', 'deb']),
  });
  const appFolder = unpackedFolder(outputFolder);
  files.push(...(await buildAppImage(config, appFolder)));
  return {
    files: [appFolder, ...files].map((file) => `${basename(outputFolder)}/${basename(file)}`),
    appFolder,
  };
}

/**
 * @param {import('electron-builder').Configuration} config
 * @param {string} appFolder
 */
async function buildAppImage(config, appFolder) {
  // Its tools come from where Electron itself does.
  const failure = recentFailure(officialVersion);
  if (failure !== undefined) {
    say(`no AppImage was made: its tools cannot be downloaded here (${failure.reason})`);
    return [];
  }
  try {
    return await build({
      projectDir: projectFolder,
      config,
      publish: 'never',
      prepackaged: appFolder,
      targets: Platform.LINUX.createTarget(['AppImage']),
    });
  } catch (error) {
    say(`no AppImage was made: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

/** @param {boolean} release */
function useToolsFromNpm(release) {
  if (process.platform !== 'linux') return;
  // npm does not keep the executable bit of this one.
  chmodSync(path7za, 0o755);
  process.env.ELECTRON_BUILDER_7ZIP_PATH = path7za;
  process.env.CUSTOM_FPM_PATH = join(import.meta.dirname, 'fpm-to-dpkg.mjs');
  if (!release) process.env.ELECTRON_BUILDER_COMPRESSION_LEVEL = '1';
}

/** @param {string} outputFolder */
function unpackedFolder(outputFolder) {
  const arch = process.arch === 'x64' ? '' : `-${process.arch}`;
  if (process.platform === 'darwin') return join(outputFolder, `mac${arch}`);
  return join(outputFolder, `${process.platform === 'win32' ? 'win' : 'linux'}${arch}-unpacked`);
}
