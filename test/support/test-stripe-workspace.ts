import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createLog } from '#main/logging/log.ts';
import { createSecretStore } from '#main/settings/secret-store.ts';
import {
  DEFAULT_SETTINGS,
  openSettingsFile,
  type SavedConnection,
} from '#main/settings/settings-file.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';
import { createStripeGateway } from '#main/stripe/gateway/stripe-gateway.ts';
import type { StripeTarget } from '#main/stripe/stripe-target.ts';
import { createStripeWorkspace } from '#main/stripe/workspace/stripe-workspace.ts';
import type { WorkspaceDatabase } from '#main/stripe/workspace/workspace-options.ts';
import { type Simulator, startSimulator } from '#main/stripe-simulator/simulator.ts';
import { AppError } from '#shared/errors.ts';
import type { Ability, Environment } from '#shared/ipc/settings.ts';
import { queryTargetOn } from './query-target.ts';
import type { TestDatabase } from './test-database.ts';

const everything: Ability[] = ['sell', 'refund', 'manageStripe'];

/** What a workspace is opened in. */
export type Surroundings = {
  database: TestDatabase;
  folder: string;
  /** Two simulators stand for two accounts at Stripe; keys of the second hold a b. */
  stripe: Simulator;
  otherStripe: Simulator;
  /** What is to be ended after the test, last first. */
  closing: (() => Promise<unknown>)[];
};

/** What was sent where, and what worked on which account. */
type Seen = {
  gateways: { key: string; port: number | undefined }[];
  working: Set<StripeTarget>;
  polls: { every: number; count: number };
  receivers: { port: number; secret: string }[];
};

/**
 * The Stripe side of a workspace on a real database and real simulators, with a switch of the database connection. Only the
 * work on events and the receiver are stand-ins that note what they were started with.
 */
export async function openWorkspace(
  { database, folder, stripe, otherStripe, closing }: Surroundings,
  options: {
    environment?: Environment;
    abilities?: Ability[];
    settings?: unknown;
    simulatorFolder?: string;
  } = {},
) {
  if (options.settings !== undefined) {
    await writeFile(join(folder, 'settings.json'), JSON.stringify(options.settings));
  }
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const settings = openSettingsFile(folder, log);
  const secrets = createSecretStore({ dataFolder: folder, findCipher: async () => undefined, log });
  const seen: Seen = {
    gateways: [],
    working: new Set(),
    polls: { every: 0, count: 0 },
    receivers: [],
  };
  let changes = 0;
  let open: WorkspaceDatabase | undefined;

  /** Opens the database as this connection, as switching to it does. */
  function connectAs(change: Partial<SavedConnection> = {}, abilities = everything) {
    const target = queryTargetOn(database.urlFor('test_admin'));
    closing.push(() => target.pool.end());
    const connection: SavedConnection = {
      ...(DEFAULT_SETTINGS.connections[0] as SavedConnection),
      environment: options.environment ?? 'local',
      ...change,
    };
    open = { ...target, connection, abilities: new Set(abilities), actor: 'ada' };
  }
  connectAs({}, options.abilities);

  function connected(): WorkspaceDatabase {
    if (open) return open;
    throw new AppError('database_unavailable', 'The database does not answer.');
  }

  const workspace = createStripeWorkspace({
    settings,
    secrets,
    simulatorFolder: join(folder, options.simulatorFolder ?? 'simulator'),
    activeId: () => open?.connection.id ?? 'embedded',
    database: connected,
    databaseFor(ability, question) {
      if (!connected().abilities.has(ability)) throw new AppError('not_permitted', 'No.');
      if (question) this.assertConfirmed(connected().connection, question.confirmedProduction);
      return connected();
    },
    assertConfirmed(connection, confirmed) {
      if (connection.environment === 'production' && !confirmed) {
        throw new AppError('confirmation_required', 'Confirm.');
      }
    },
    createGateway({ key, base, log: gatewayLog }): StripeGateway {
      seen.gateways.push({ key, port: base?.port });
      if (base) return createStripeGateway({ key, base, log: gatewayLog });
      if (key.startsWith('sk_live_')) return liveGateway;
      const { port } = key.includes('b') ? otherStripe : stripe;
      return createStripeGateway({ key, base: { host: '127.0.0.1', port }, log: gatewayLog });
    },
    async startSimulator({ port, ...how }) {
      const simulator = await startSimulator(port === undefined ? how : { ...how, port });
      return { ...simulator, accountId: simulator.world.accountId };
    },
    startEventWork(target, { pollEveryMs }) {
      seen.working.add(target);
      seen.polls.every = pollEveryMs;
      return {
        pollNow: async () => {
          seen.polls.count += 1;
        },
        handleNow: async () => undefined,
        state: () => ({ polling: 'on', lastAt: new Date(0), error: null }),
        stop: async () => void seen.working.delete(target),
      };
    },
    startUsageWork: () => ({
      sendNow: async () => undefined,
      readErrorsNow: async () => undefined,
      stop: async () => undefined,
    }),
    startWebhookServer: ({ port, host, secret }) =>
      new Promise((resolve, reject) => {
        const server = createServer();
        server.once('error', reject);
        server.listen(port, host, () => {
          seen.receivers.push({ port, secret });
          resolve({
            url: `http://127.0.0.1:${port}/stripe/webhook`,
            close: async () => {
              seen.receivers.splice(0);
              await new Promise((closed) => server.close(closed));
            },
          });
        });
      }),
    pollEveryMs: { simulator: 3_000, stripe: 10_000 },
    now: () => new Date(),
    log,
    onChange: () => {
      changes += 1;
    },
    onMeteringChange: () => undefined,
    onBillingChange: () => undefined,
  });
  closing.push(() => workspace.stop());
  return {
    workspace,
    settings,
    secrets,
    seen,
    lines,
    connectAs,
    disconnectDatabase: () => {
      open = undefined;
      workspace.databaseChanged();
    },
    changes: () => changes,
    connect: (key: string, rebind = false, confirmedProduction = true) =>
      workspace.connect({ key, rebind, confirmedProduction }),
  };
}

const liveGateway = {
  livemode: true,
  readAccount: async () => ({ id: 'acct_live', name: 'Shop', livemode: true }),
} as unknown as StripeGateway;
