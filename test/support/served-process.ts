import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');
const STARTS_WITHIN_MS = 30_000;

/** A service in a process of its own, as `npm run cli -- serve` runs it. */
export type ServedProcess = {
  url: string;
  /** Resolves once the process is gone. */
  end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
};

/** Starts one; resolves once it listens. `port` 0 takes a free one. Throws with what it wrote where it ends instead. */
export async function startServedProcess(options: {
  /** undefined: the embedded database of the data folder in `environment`. */
  databaseUrl?: string;
  port?: number;
  /** Another program that says where it listens, with its arguments. */
  script?: readonly string[];
  environment?: Record<string, string>;
}): Promise<ServedProcess> {
  const child = spawn(
    process.execPath,
    [...(options.script ?? ['src-main/cli.ts', 'serve', '--port', String(options.port ?? 0)])],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        CREDIT_CONSOLE_DATABASE_URL: options.databaseUrl ?? '',
        ...options.environment,
      },
    },
  );
  const ended = once(child, 'exit');
  const url = await listening(child);
  return {
    url,
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The service did not listen in time.\n${errors}`));
    }, STARTS_WITHIN_MS);
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const url = /Listening on (http:\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
    // Only the beginning: a service under load writes a line for each request.
    child.stderr?.on('data', (chunk: Buffer) => {
      if (errors.length < 20_000) errors += chunk.toString();
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`The service ended (${code}) before it listened.\n${errors}`));
    });
  });
}
