import type { StripeSettings } from '#main/settings/settings-file.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeMode } from '#shared/ipc/stripe.ts';
import type { StripeGateway } from '../gateway/gateway.ts';
import type { RefundWork } from '../refunds/refund-work.ts';
import type { SimulatorHost } from './simulator-host.ts';
import { createStripeSecrets, fingerprintOf } from './stripe-secrets.ts';
import { liveDisabled } from './verify-key.ts';
import {
  type AccountIdentity,
  bindAccount,
  isSameAccount,
  otherAccount,
  readBinding,
  type WorkspaceBinding,
} from './workspace-account.ts';
import type {
  EventWork,
  StripeWorkspaceOptions,
  UsageWork,
  WorkspaceDatabase,
} from './workspace-options.ts';

/** What one open database connection has to do with Stripe, from its opening to its end. */
export type WorkspaceSession = {
  readonly database: WorkspaceDatabase;
  readonly mode: StripeMode;
  /** Whose the key or the simulator is; null where there is neither. */
  readonly account: AccountIdentity | null;
  readonly key: {
    readonly kind: 'secret' | 'restricted';
    readonly place: 'key_store' | 'memory' | 'missing';
  } | null;
  readonly gateway: StripeGateway | undefined;
  /** Why the account cannot be used, whatever the workspace belongs to. */
  readonly problem: AppError | undefined;
  /** Reading and handling events, where the role does that. */
  events: EventWork | undefined;
  /** Finishing refunds, where the role refunds. */
  refunds: RefundWork | undefined;
  /** Sending usage, where the role does that. */
  usage: UsageWork | undefined;
  /** True once everything of the three that should run does. */
  isAtWork: boolean;
};

const idle = {
  events: undefined,
  refunds: undefined,
  usage: undefined,
  isAtWork: false,
} as const;

/** The simulator takes any test key; this one says whose it is, and is sent to nothing else. */
const SIMULATOR_KEY = 'sk_test_creditconsolesimulator';

type SessionParts = {
  options: Pick<StripeWorkspaceOptions, 'createGateway' | 'log' | 'secrets'>;
  simulators: SimulatorHost;
  settings: StripeSettings;
  database: WorkspaceDatabase;
};

/**
 * Decides what a connection talks to: the account of its key; without one, on a local connection, its simulator; else
 * nothing. What cannot be used is a session with a problem.
 */
export async function openSession(parts: SessionParts): Promise<WorkspaceSession> {
  const { settings, database, simulators } = parts;
  if (settings.account) return openAccount(parts, settings.account);
  if (database.connection.environment === 'local') return openSimulator(parts);
  await simulators.runFor(undefined);
  return {
    database,
    mode: 'none',
    account: null,
    key: null,
    gateway: undefined,
    problem: notConnected(),
    ...idle,
  };
}

async function openAccount(
  { options, simulators, settings, database }: SessionParts,
  saved: NonNullable<StripeSettings['account']>,
): Promise<WorkspaceSession> {
  // With a real account there is no simulator that anything could be sent to by mistake.
  await simulators.runFor(undefined);
  const secrets = createStripeSecrets(options.secrets);
  const stored = await secrets.key(settings.connectionId);
  // A key other than the verified one says nothing of whose account it is.
  const key =
    stored !== undefined && fingerprintOf(stored) === saved.keyFingerprint ? stored : undefined;
  const problem =
    key === undefined
      ? keyMissing()
      : saved.mode === 'live' && !settings.liveEnabled
        ? liveDisabled()
        : undefined;
  return {
    database,
    mode: saved.mode,
    account: {
      id: saved.id,
      name: saved.name,
      livemode: saved.mode === 'live',
      simulated: false,
    },
    key: {
      kind: saved.keyKind,
      place: key === undefined ? 'missing' : await secrets.keyPlace(settings.connectionId),
    },
    gateway:
      key === undefined || problem
        ? undefined
        : await options.createGateway({ key, log: options.log }),
    problem,
    ...idle,
  };
}

async function openSimulator({
  options,
  simulators,
  database,
}: SessionParts): Promise<WorkspaceSession> {
  const session = { database, mode: 'simulator', key: null, ...idle } as const;
  try {
    const simulator = await simulators.runFor(database.connection.id);
    if (!simulator) throw new Error('no simulator was started');
    const base = { host: '127.0.0.1', port: simulator.port };
    return {
      ...session,
      account: { id: simulator.accountId, name: null, livemode: false, simulated: true },
      gateway: await options.createGateway({ key: SIMULATOR_KEY, base, log: options.log }),
      problem: undefined,
    };
  } catch (cause) {
    options.log.error('The simulator could not be started.', cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    return {
      ...session,
      account: null,
      gateway: undefined,
      problem: new AppError(
        'stripe_unavailable',
        `The simulator of Stripe could not be started: ${reason}. Nothing was lost. Connect to the database again to try once more.`,
        { cause },
      ),
    };
  }
}

/** Why the account of a session cannot be used with its workspace; undefined where it can. */
export function problemOf(
  session: WorkspaceSession,
  binding: WorkspaceBinding,
): AppError | undefined {
  const { account, problem } = session;
  if (problem || !account) return problem ?? notConnected();
  if (isSameAccount(account, binding.account)) return undefined;
  if (binding.account) return otherAccount(account, binding.account);
  return new AppError(
    'stripe_not_connected',
    session.database.abilities.has('manageStripe')
      ? 'This workspace belongs to no Stripe account yet. Nothing was changed. Connect the key once more under Settings → Stripe.'
      : 'This workspace belongs to no Stripe account yet. Nothing was changed. Whoever manages the database connects it under Settings → Stripe.',
  );
}

/** What a simulator may take the workspace over from: nobody, another simulator, or also a test account. */
export type SimulatorClaim = 'unbound' | 'simulator' | 'test_account';

/** A simulator needs no person to connect it: what is bought in it is no money. From a live account it never takes over. */
export async function bindSimulator(
  { database, account }: WorkspaceSession,
  claim: SimulatorClaim,
): Promise<void> {
  if (!account?.simulated || !database.abilities.has('manageStripe')) return;
  const { account: bound } = await readBinding(database);
  if (isSameAccount(account, bound)) return;
  if (bound && claim === 'unbound') return;
  if (bound && !bound.simulated && (bound.livemode || claim !== 'test_account')) return;
  await bindAccount(database, account, { rebind: bound !== null, actor: database.actor });
}

function notConnected(): AppError {
  return new AppError(
    'stripe_not_connected',
    'No Stripe account is connected. Nothing was changed. Connect one under Settings → Stripe.',
  );
}

function keyMissing(): AppError {
  return new AppError(
    'stripe_key_invalid',
    'The key of this connection is not stored any more. Nothing was changed. Enter it again under Settings → Stripe.',
  );
}
