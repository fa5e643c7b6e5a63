import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../setup/say.mjs';

/**
 * Chromium's sandbox needs user namespaces or, where the system forbids them to ordinary users, a helper that root owns.
 * Without either Electron aborts: then set-up stops here and prints the command that prepares the helper.
 * @param {import('./runtime.mjs').ElectronRuntime} runtime
 */
export function ensureSandbox({ folder }) {
  // As root there is no sandbox to prepare: Electron is started without.
  if (process.platform !== 'linux' || process.getuid?.() === 0) return;
  const helper = join(folder, 'chrome-sandbox');
  if (isPrepared(helper) || userNamespacesWork()) return;
  throw new SetupError(
    `This system lets no ordinary user make user namespaces, which Chromium's sandbox is made of. Prepare its helper instead, then run the command again:\n\n  sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}'\n`,
  );
}

/** @param {string} helper */
function isPrepared(helper) {
  if (!existsSync(helper)) return false;
  const { uid, mode } = statSync(helper);
  return uid === 0 && (mode & 0o4001) === 0o4001;
}

function userNamespacesWork() {
  const { status, error } = spawnSync('unshare', ['--user', '--map-root-user', 'true']);
  // Without the program to ask with, Electron itself will tell.
  return error !== undefined || status === 0;
}
