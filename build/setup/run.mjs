import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const forwarded = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/** Within this time a signal is the echo of the one before; later, it is someone who insists. */
const sameSignal_ms = 2_000;

/** How often it is looked for the shell that npm starts scripts in. */
const lookForShellEvery_ms = 250;

let running = 0;

/** True while a program started by `run` lives: a signal is then its to answer. */
export function isRunning() {
  return running > 0;
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [sharesTerminal] the program may read from the terminal; Ctrl+C then reaches it from there
 */

/**
 * Runs a program with this terminal's output, hands signals on to it, and resolves to its exit code
 * (128 + number when a signal ended it, as shells count).
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function run(program, args, options = {}) {
  const { sharesTerminal = false } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'inherit',
      // Ctrl+C goes to the terminal's whole process group, and npm hands it on once more. Electron ends in good order on
      // the first signal and dies on the second, with its database left running: so it gets a group of its own, and
      // one signal.
      detached: !sharesTerminal && process.platform !== 'win32',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
    });
    let handedOnAt = Number.NEGATIVE_INFINITY;
    const handlers = forwarded.map((signal) => {
      const handler = () => {
        if (sharesTerminal && signal === 'SIGINT' && process.stdin.isTTY) return;
        if (performance.now() - handedOnAt < sameSignal_ms) return;
        handedOnAt = performance.now();
        child.kill(signal);
      };
      process.on(signal, handler);
      return /** @type {const} */ ([signal, handler]);
    });
    // npm hands a signal to that shell only, which dies of it and hands nothing on: its end is then the signal.
    const shell = process.ppid;
    const lookForShell = setInterval(() => {
      if (process.ppid === shell) return;
      clearInterval(lookForShell);
      child.kill('SIGTERM');
    }, lookForShellEvery_ms);
    if (process.env.npm_lifecycle_event === undefined) clearInterval(lookForShell);
    running += 1;
    const release = () => {
      running -= 1;
      clearInterval(lookForShell);
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
    child.once('error', (error) => {
      release();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      release();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/**
 * Runs a program to its end and keeps what it printed, to be shown only if it failed.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function capture(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
    });
    let output = '';
    const append = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
    };
    child.stdout.on('data', append);
    child.stderr.on('data', append);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
