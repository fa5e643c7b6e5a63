import { spawn } from 'node:child_process';

/** The system user a server program runs as; undefined means the user of this process. */
export type ServerAccount = { name: string; uid: number; gid: number };

export type ProgramResult = { code: number | null; output: string };

/** What a PostgreSQL program sees of our environment: nothing that would steer it, messages in English. */
function programEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (/^(PG|LC_|LANG|ELECTRON_|NODE_|LD_PRELOAD|TZ$)/.test(name)) continue;
    environment[name] = value;
  }
  environment.LC_ALL = 'C';
  return environment;
}

/**
 * Runs a program to its end and returns exit code and output (both streams, at most the last 64 KB).
 * `leavesServer` is for `pg_ctl start`: the server it leaves behind may inherit the pipes, so their end is not awaited.
 * Rejects with the system's error when the program cannot be started at all.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  options: { account?: ServerAccount | undefined; folder?: string; leavesServer?: boolean } = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.folder ?? (process.platform === 'win32' ? undefined : '/'),
      env: programEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...(options.account ? { uid: options.account.uid, gid: options.account.gid } : {}),
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-65_536);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on(options.leavesServer ? 'exit' : 'close', (code: number | null) => {
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, output });
    });
  });
}
