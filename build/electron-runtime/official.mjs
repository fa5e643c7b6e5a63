import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../setup/places.mjs';
import { say } from '../setup/say.mjs';

const electronFolder = join(cacheFolder, 'electron');
const failureFile = join(electronFolder, 'download-failed.json');

/** Offline, each start would otherwise wait for the same failure again. */
const failureHolds_hours = 6;
const answerWithin_ms = 4_000;
const stallsAfter_ms = 20_000;

/**
 * Where the official Electron of a version is kept for all checkouts.
 * @param {string} version
 */
export function officialCacheFolder(version) {
  return join(electronFolder, `${version}-${process.platform}-${process.arch}`);
}

/**
 * The remembered failure of downloading this version, while it is young enough not to try again.
 * @param {string} version
 * @returns {{ reason: string } | undefined}
 */
export function recentFailure(version) {
  try {
    const failure = JSON.parse(readFileSync(failureFile, 'utf8'));
    const age_ms = Date.now() - Date.parse(failure.at);
    const holds = failure.version === version && failure.from === baseAddress();
    return holds && age_ms >= 0 && age_ms < failureHolds_hours * 3_600_000
      ? { reason: failure.reason }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Downloads Electron's own release, checked against the hashes its npm package carries. A server that does not answer
 * costs a few seconds, and is remembered.
 * @param {string} version
 * @returns {Promise<string | undefined>} why it failed, or undefined when it is there
 */
export async function fetchOfficial(version) {
  mkdirSync(electronFolder, { recursive: true });
  const temporary = mkdtempSync(join(electronFolder, 'download-'));
  try {
    await probe(version);
    say(`downloading Electron ${version} (once, about 120 MB)`);
    await download(version, temporary);
    rmSync(failureFile, { force: true });
    return undefined;
  } catch (error) {
    const reason = reasonOf(error);
    const at = new Date().toISOString();
    writeFileSync(failureFile, JSON.stringify({ version, from: baseAddress(), at, reason }));
    return reason;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param {string} version */
async function probe(version) {
  const address = `${baseAddress()}v${version}/SHASUMS256.txt`;
  const signal = AbortSignal.timeout(answerWithin_ms);
  const answer = await fetch(address, { method: 'HEAD', signal });
  if (!answer.ok) throw new Error(`${new URL(address).host} answered ${answer.status}`);
}

/**
 * @param {string} version
 * @param {string} temporary
 */
async function download(version, temporary) {
  // Both come with the electron package, so they are here once `npm ci` ran and not before.
  const fromElectron = createRequire(
    createRequire(import.meta.url).resolve('electron/package.json'),
  );
  const { downloadArtifact, ElectronDownloadCacheMode } = await import(
    fromElectron.resolve('@electron/get')
  );
  const { extract } = await import(fromElectron.resolve('@electron-internal/extract-zip'));

  const stalled = new AbortController();
  const watch = setTimeout(() => stalled.abort(new Error('the download stalled')), stallsAfter_ms);
  try {
    const archive = await downloadArtifact({
      version,
      artifactName: 'electron',
      platform: process.platform,
      arch: process.arch,
      checksums: fromElectron('./checksums.json'),
      cacheMode: ElectronDownloadCacheMode.Bypass,
      tempDirectory: temporary,
      downloadOptions: {
        signal: stalled.signal,
        getProgressCallback: async () => void watch.refresh(),
      },
    });
    const unpacked = join(temporary, 'unpacked');
    await extract(archive, { dir: unpacked });
    const folder = officialCacheFolder(version);
    mkdirSync(dirname(folder), { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unpacked, folder);
    // The archive lies in a folder that downloadArtifact made.
    rmSync(dirname(archive), { recursive: true, force: true });
  } finally {
    clearTimeout(watch);
  }
}

function baseAddress() {
  const { ELECTRON_MIRROR, npm_config_electron_mirror } = process.env;
  const mirror = ELECTRON_MIRROR || npm_config_electron_mirror;
  return mirror || 'https://github.com/electron/electron/releases/download/';
}

/** @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  // fetch hides what happened (no such host, refused, …) in the cause.
  return error.cause instanceof Error ? error.cause.message : error.message;
}
