import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '#main/logging/log.ts';
import { isPortTaken } from './port-taken.ts';

/** What the workspace needs of a simulator of Stripe. */
export type RunningSimulator = {
  readonly url: string;
  readonly port: number;
  readonly accountId: string;
  readonly close: () => Promise<void>;
};

/** Starts one on 127.0.0.1, on a free port where none is asked for. Throws EADDRINUSE where the port is taken. */
export type StartSimulator = (options: {
  port?: number | undefined;
  stateFile: string;
  log: (message: string) => void;
}) => Promise<RunningSimulator>;

export type SimulatorHost = {
  /** The simulator that runs, and whose. */
  readonly running: () => ({ connectionId: string } & RunningSimulator) | undefined;
  /** Has the simulator of this connection run, and no other; undefined: none. Throws what starting one throws. */
  readonly runFor: (connectionId: string | undefined) => Promise<RunningSimulator | undefined>;
  /** Removes what a connection's simulator kept. */
  readonly forget: (connectionId: string) => Promise<void>;
};

/** Runs at most one simulator: that of the connection in use. Each connection's has a state and a port of its own. */
export function createSimulatorHost(options: {
  folder: string;
  start: StartSimulator;
  keptPort: (connectionId: string) => number | null;
  keepPort: (connectionId: string, port: number) => Promise<void>;
  log: Log;
}): SimulatorHost {
  const { folder, log } = options;
  let current: ({ connectionId: string } & RunningSimulator) | undefined;
  // No id can lead out of the folder.
  const stateFileOf = (connectionId: string) =>
    path.join(folder, `${encodeURIComponent(connectionId)}.json`);

  async function close(): Promise<void> {
    const closing = current;
    current = undefined;
    await closing
      ?.close()
      .catch((error: unknown) => log.error('The simulator could not be closed.', error));
  }

  async function start(connectionId: string): Promise<RunningSimulator> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const kept = options.keptPort(connectionId);
    const startOn = (port: number | undefined) =>
      options.start({
        port,
        stateFile: stateFileOf(connectionId),
        log: (message) => log.info(message),
      });
    try {
      return await startOn(kept ?? undefined);
    } catch (error) {
      if (kept === null || !isPortTaken(error)) throw error;
      log.warn(`Port ${kept} is taken; the simulator starts on another one.`);
      return startOn(undefined);
    }
  }

  return {
    running: () => current,
    async runFor(connectionId) {
      if (current?.connectionId === connectionId) return current;
      await close();
      if (connectionId === undefined) return undefined;
      const started = await start(connectionId);
      current = { connectionId, ...started };
      log.info(`The simulator of Stripe runs at ${started.url}.`);
      if (started.port !== options.keptPort(connectionId)) {
        await options
          .keepPort(connectionId, started.port)
          .catch((error: unknown) => log.warn('The simulator’s port was not kept.', error));
      }
      return current;
    },
    forget: (connectionId) => rm(stateFileOf(connectionId), { force: true }),
  };
}
