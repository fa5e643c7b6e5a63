import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

export type ConsoleFacts = {
  port: number;
  adopted: boolean;
  superuserUrl: string;
  consoleUrl: string;
  clusterFolder: string;
  log: string[];
};

export type ConsoleProcess = {
  facts: ConsoleFacts;
  /** Ends it the clean way: it releases the server, then exits. */
  quit: () => Promise<void>;
  /** SIGKILL: it can release nothing. */
  crash: () => Promise<void>;
};

/** Starts a second console process on a data folder and waits until it has the server. */
export async function startConsoleProcess(dataFolder: string): Promise<ConsoleProcess> {
  const script = path.join(import.meta.dirname, 'embedded-server-process.ts');
  const child: ChildProcess = spawn(process.execPath, [script, dataFolder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The console process ended with ${code}.`)));
    if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
  });
  const answer = JSON.parse(line) as ConsoleFacts | { error: string };
  if ('error' in answer) throw new Error(answer.error);
  return {
    facts: answer,
    async quit() {
      child.stdin?.end();
      await exited;
    },
    async crash() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
