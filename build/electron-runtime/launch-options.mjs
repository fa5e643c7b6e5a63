import { projectFolder } from '../setup/places.mjs';
import { SetupError } from '../setup/say.mjs';
import { findRuntime } from './runtime.mjs';

/**
 * What it takes to start the built app, for `npm start`, and for Playwright's `_electron.launch`. Downloads and builds
 * nothing: `npm start` and `npm test` did so before.
 * @param {import('./launch-options.d.mts').LaunchRequest} [request]
 * @returns {import('./launch-options.d.mts').LaunchOptions}
 */
export function launchOptions({ args = [], env = {}, dataFolder } = {}) {
  const runtime = findRuntime();
  if (runtime === undefined) {
    throw new SetupError('No Electron is set up yet: run npm start, or npm test, once.');
  }
  return {
    executablePath: runtime.executablePath,
    args: [projectFolder, ...switchesForThisUser(), ...args],
    env: {
      ...inherited(),
      ...env,
      ...(dataFolder === undefined ? {} : { CREDIT_CONSOLE_DATA: dataFolder }),
    },
  };
}

/** Chromium's sandbox refuses to run as root, and only then is it switched off. */
export function switchesForThisUser() {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

/** The environment of this process, less what would change how Electron itself starts. */
function inherited() {
  const { ELECTRON_RUN_AS_NODE: _node, NODE_OPTIONS: _options, ...rest } = process.env;
  return /** @type {Record<string, string>} */ (rest);
}
