import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isRunning } from './run.mjs';
import { SetupError, say } from './say.mjs';

const endings = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** True when windows would have nowhere to go: Linux, with neither X nor Wayland. */
export function needsVirtualDisplay() {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY;
}

/**
 * Runs `work` with a display: the one there is, or a virtual one that lives as long as `work`. Programs started by
 * `work` find it in DISPLAY.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withDisplay(work) {
  if (!needsVirtualDisplay()) return work();
  const { display, stop } = await startVirtualDisplay();
  say(`no display: running under Xvfb on display ${display}`);
  process.env.DISPLAY = display;
  process.once('exit', stop);
  // While a program runs in it, the signal is handed on to the program, whose end ends this.
  const end = (/** @type {NodeJS.Signals} */ signal) => {
    if (!isRunning()) process.exit(128 + constants.signals[signal]);
  };
  for (const signal of endings) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of endings) process.off(signal, end);
    process.off('exit', stop);
    delete process.env.DISPLAY;
    stop();
  }
}

/** @returns {Promise<{ display: string, stop: () => void }>} */
function startVirtualDisplay() {
  return new Promise((resolve, reject) => {
    // -displayfd lets the server choose a free number and tell it once it accepts clients. -noreset keeps it
    // alive between the windows of one test run.
    const server = spawn(
      'Xvfb',
      ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp', '-noreset'],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], detached: true },
    );
    let errors = '';
    server.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    server.once('error', (error) => reject(new SetupError(`Xvfb did not start: ${error.message}`)));
    server.once('exit', (code) =>
      reject(new SetupError(`Xvfb ended with code ${code}:\n${errors.trim()}`)),
    );
    server.stdio[3]?.once('data', (chunk) => {
      // It must not keep this process alive by itself.
      server.unref();
      resolve({ display: `:${String(chunk).trim()}`, stop: () => server.kill() });
    });
  });
}
