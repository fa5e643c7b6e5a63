import { setTimeout as wait } from 'node:timers/promises';
import type { StripeSettings } from '#main/settings/settings-file.ts';
import { AppError } from '#shared/errors.ts';
import { startRefundWork } from '../refunds/refund-work.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { SimulatorHost } from './simulator-host.ts';
import { createStripeSecrets } from './stripe-secrets.ts';
import type { WebhookReceiver } from './webhook-receiver.ts';
import { readBinding } from './workspace-account.ts';
import type { StripeWorkspaceOptions, WorkspaceDatabase } from './workspace-options.ts';
import {
  bindSimulator,
  openSession,
  problemOf,
  type SimulatorClaim,
  type WorkspaceSession,
} from './workspace-session.ts';

/** What stands as actor on rows that events cause. */
const EVENT_ACTOR = 'stripe events';
/** How often it is looked whether the workspace still belongs to the account: another console may have changed that. */
const WATCH_EVERY_MS = 15_000;
/** How long a switch or the end waits for events that are being handled. */
const STOP_WITHIN_MS = 5_000;
/** How often it is asked which usage Stripe rejected. The simulator is on this computer, so it may be asked more often. */
const READ_ERRORS_EVERY_MS = { simulator: 5_000, stripe: 60_000 };

export type SessionRunner = {
  /** Runs what opens, closes or changes a session: one after the other. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Makes the session that of the open database. `anew`: also where it is already. Call it in turn. */
  readonly follow: (how?: { anew?: boolean; claim?: SimulatorClaim }) => Promise<void>;
  /** The session of the open database. Throws an AppError that says why there is none. */
  readonly current: () => Promise<WorkspaceSession>;
  /** Starts or ends the work on events where the workspace was bound elsewhere meanwhile. Not to be called in turn. */
  readonly watch: (session: WorkspaceSession) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Has one session at a time: that of the database connection in use, with its work on events and its receiver. */
export function createSessionRunner(
  options: StripeWorkspaceOptions,
  parts: {
    simulators: SimulatorHost;
    receiver: WebhookReceiver;
    settingsOf: (connectionId: string) => StripeSettings;
  },
): SessionRunner {
  const { log } = options;
  const { simulators, receiver, settingsOf } = parts;
  const secrets = createStripeSecrets(options.secrets);
  let session: WorkspaceSession | undefined;
  let watching: NodeJS.Timeout | undefined;
  let stopped = false;
  let queue: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  }

  function openDatabase(): WorkspaceDatabase | undefined {
    if (stopped) return undefined;
    try {
      return options.database();
    } catch {
      return undefined;
    }
  }

  function fits(database: WorkspaceDatabase | undefined): boolean {
    return (
      session?.database.pool === database?.pool &&
      session?.database.connection.environment === database?.connection.environment
    );
  }

  async function follow(how: { anew?: boolean; claim?: SimulatorClaim } = {}): Promise<void> {
    const database = openDatabase();
    // A connection that is only lost for a while keeps its simulator, and the pages opened in it.
    const isOver = stopped || simulators.running()?.connectionId !== options.activeId();
    if (!database && isOver) await simulators.runFor(undefined);
    if (fits(database) && !how.anew) return;
    await close();
    if (database) await open(database, how.claim ?? 'simulator');
    options.onChange();
  }

  async function open(database: WorkspaceDatabase, claim: SimulatorClaim): Promise<void> {
    const settings = settingsOf(database.connection.id);
    const own = await openSession({ options, simulators, settings, database });
    session = own;
    try {
      await bindSimulator(own, claim);
      await startWork(own);
    } catch (error) {
      log.warn('The work on Stripe’s events could not start; it is tried again.', error);
    }
    watching = setInterval(() => void watch(own), WATCH_EVERY_MS);
    watching.unref();
  }

  /** Has run what this role does on its own: reading and receiving events, finishing refunds, sending usage. */
  async function startWork(own: WorkspaceSession): Promise<void> {
    const target = targetOf(own, EVENT_ACTOR, options);
    if (!target || problemOf(own, await readBinding(own.database))) return;
    const { abilities, connection } = own.database;
    const { onChange, onBillingChange, pollEveryMs, onJobRun: onRun } = options;
    if (abilities.has('refund')) own.refunds = startRefundWork(target, { onBillingChange, onRun });
    if (abilities.has('manageStripe')) {
      own.usage = options.startUsageWork(target, {
        readErrorsEveryMs: READ_ERRORS_EVERY_MS[own.mode === 'simulator' ? 'simulator' : 'stripe'],
        onChange: options.onMeteringChange,
        onRun,
      });
      own.events = await options.startEventWork(target, {
        poll: true,
        pollEveryMs: own.mode === 'simulator' ? pollEveryMs.simulator : pollEveryMs.stripe,
        onChange,
        onBillingChange,
        onRun,
      });
      const secret = await secrets.webhookSecret(connection.id);
      if (secret !== undefined) {
        await receiver.start({ connectionId: connection.id, secret, target });
      }
    }
    own.isAtWork = true;
  }

  async function close(): Promise<void> {
    clearInterval(watching);
    const closing = session;
    session = undefined;
    await receiver.stop();
    const ended = Promise.all([
      closing?.events?.stop(),
      closing?.refunds?.stop(),
      closing?.usage?.stop(),
    ]).catch((error: unknown) => log.warn('The work for Stripe ended badly.', error));
    await Promise.race([ended, wait(STOP_WITHIN_MS, undefined, { ref: false })]);
  }

  async function watch(own: WorkspaceSession): Promise<void> {
    try {
      const isUsable = problemOf(own, await readBinding(own.database)) === undefined;
      if (session !== own || isUsable === own.isAtWork) return;
      await inTurn(async () => {
        // Whoever was bound last stays it: two simulators of one workspace would take it from each other for ever.
        if (session === own) await follow({ anew: true, claim: 'unbound' });
      });
    } catch {
      // The database does not answer: its connection tells that itself.
    }
  }

  return {
    inTurn,
    follow,
    watch,
    async current() {
      // Throws what the connection says, before anything is waited for.
      options.database();
      await inTurn(() => follow());
      if (session && fits(options.database())) return session;
      throw new AppError(
        'database_unavailable',
        'The console is still connecting to the database. Nothing was changed. Try again in a moment.',
      );
    },
    async stop() {
      stopped = true;
      await inTurn(() => follow({ anew: true }));
    },
  };
}

/** What brings a session's workspace and account together; undefined where there is no usable account. */
export function targetOf(
  { database, gateway, account }: WorkspaceSession,
  actor: string,
  { log, now }: Pick<StripeWorkspaceOptions, 'log' | 'now'>,
): StripeTarget | undefined {
  if (!gateway || !account) return undefined;
  const { id: accountId, livemode } = account;
  return { database, gateway, accountId, livemode, actor, log, now };
}
