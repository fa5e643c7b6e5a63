import type { AddressInfo } from 'node:net';
import { createApiKeys } from './api-keys.ts';
import { createWorld } from './create-world.ts';
import { createFaults, type Faults } from './faults.ts';
import { createIdempotency } from './idempotency.ts';
import { readdressSessions } from './payments/complete-session.ts';
import { clockWork } from './routes.ts';
import { createSimulatorServer, type ServerParts } from './server.ts';
import { keepState, readSnapshot, type StateKeeper } from './state-file.ts';
import { startDeliveries } from './webhook-delivery.ts';
import type { World } from './world.ts';

export type SimulatorOptions = {
  /** On 127.0.0.1; a free one without it. */
  port?: number;
  /** Where the state is kept over restarts; without it, in memory only. */
  stateFile?: string;
  /** Real seconds since 1970. */
  now?: () => number;
  accountId?: string;
  log?: (message: string) => void;
};

/** A running simulator of Stripe. */
export type Simulator = {
  /** Such as http://127.0.0.1:12111. */
  url: string;
  port: number;
  world: World;
  faults: Faults;
  /** From now on this key may do only what these permissions (rak_…) say. */
  permit: (key: string, permissions: string[]) => void;
  /** Ends when every webhook that is due was delivered or given up. */
  deliveriesDone: () => Promise<void>;
  /** Stops listening, writes the state, ends connections. */
  close: () => Promise<void>;
};

const usualNow = () => Date.now() / 1_000;

/**
 * Starts a simulator of Stripe's API on 127.0.0.1. Errors: the port is taken (EADDRINUSE), or the state file cannot be read for
 * want of rights.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const log = options.log ?? (() => undefined);
  const now = options.now ?? usualNow;
  let parts: ServerParts | undefined;
  const server = createSimulatorServer(() => {
    if (parts === undefined) throw new Error('The simulator is not ready yet.');
    return parts;
  }, log);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  let keeper: StateKeeper | undefined;
  const { stateFile } = options;
  const snapshot = stateFile === undefined ? undefined : readSnapshot(stateFile, log);
  const hosted = createWorld({
    baseUrl: url,
    now,
    ...(options.accountId === undefined ? {} : { accountId: options.accountId }),
    ...(snapshot === undefined ? {} : { snapshot }),
    changed: () => keeper?.changed(),
    emitted: (event) => deliveries.send(event),
  });
  const { world } = hosted;
  const deliveries = startDeliveries(world, now, log);
  if (stateFile !== undefined) keeper = keepState(stateFile, hosted.takeSnapshot, log);

  const keys = createApiKeys(world.accountId);
  const faults = createFaults();
  const idempotency = createIdempotency(world);
  world.onClock(() => idempotency.forgetOld());
  for (const work of clockWork) world.onClock(work);
  const ownHosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  parts = { ...hosted, keys, faults, idempotency, ownHosts };
  readdressSessions(world);
  hosted.tick();

  return {
    url,
    port,
    world,
    faults,
    permit: (key, permissions) => keys.permit(key, permissions),
    deliveriesDone: () => deliveries.done(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await deliveries.close();
      await keeper?.close();
    },
  };
}
