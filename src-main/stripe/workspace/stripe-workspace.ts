import type { StripeJobName } from '#main/jobs/schedule.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import type { StripeTarget } from '../stripe-target.ts';
import {
  changeStripeSettings,
  forgetStripeSettings,
  stripeSettingsOf,
} from './connection-settings.ts';
import { createSessionRunner, targetOf } from './session-runner.ts';
import { createSimulatorHost } from './simulator-host.ts';
import { createStripeSecrets, fingerprintOf } from './stripe-secrets.ts';
import { readKey, verifyKey } from './verify-key.ts';
import { createWebhookReceiver, readWebhookSecret } from './webhook-receiver.ts';
import {
  bindAccount,
  isSameAccount,
  otherAccount,
  type PolicyChanges,
  readBinding,
  setPolicies,
} from './workspace-account.ts';
import type { StripeWorkspaceOptions, WorkspaceDatabase } from './workspace-options.ts';
import { problemOf, type SimulatorClaim, type WorkspaceSession } from './workspace-session.ts';
import { describeStatus } from './workspace-status.ts';

export type StripeWorkspace = {
  /** What is connected and how it is doing; nothing is asked of Stripe. Throws where the database is not ready. */
  readonly status: () => Promise<StripeStatus>;
  /**
   * The workspace and its account, for whatever a person asks of Stripe; the person is its actor. Throws
   * `stripe_not_connected`, `stripe_key_invalid` (the key is missing), `stripe_live_disabled`, `stripe_other_account`, and what
   * the database connection says where it is not ready.
   */
  readonly target: () => Promise<StripeTarget>;
  /** The running simulator's own address, such as http://127.0.0.1:12111. */
  readonly simulatorUrl: () => string | undefined;
  /**
   * Verifies a key with Stripe, binds the workspace to its account where it belongs to none (or, with `rebind`, to another),
   * and keeps the key. Throws `stripe_key_invalid`, `stripe_live_disabled`, `stripe_other_account`, `stripe_unavailable`,
   * `not_permitted`, `confirmation_required`; then nothing changed.
   */
  readonly connect: (input: {
    key: string;
    rebind: boolean;
    confirmedProduction: boolean;
  }) => Promise<StripeStatus>;
  /**
   * Forgets the key and the webhook's secret. A local connection then has its simulator; `rebind`: the workspace belongs to it
   * from now on, unless it belongs to a live account.
   */
  readonly disconnect: (input?: { rebind?: boolean | undefined }) => Promise<StripeStatus>;
  /** Allows live keys for this connection from now on. */
  readonly enableLive: () => Promise<StripeStatus>;
  /** What happens to credits when money goes back unasked. Throws `not_permitted`, `confirmation_required`. */
  readonly setPolicies: (
    input: PolicyChanges & { confirmedProduction: boolean },
  ) => Promise<StripeStatus>;
  /** Keeps a webhook endpoint's secret and starts the receiver; null forgets it. Throws `invalid_argument`, `not_permitted`. */
  readonly setWebhookSecret: (secret: string | null) => Promise<StripeStatus>;
  /** Reads Stripe's events now. Throws what `target` throws, and `not_permitted` where the role does not handle events. */
  readonly pollNow: () => Promise<StripeStatus>;
  /**
   * Runs one of the jobs with Stripe now and waits for its end. Throws what `target` throws, `not_permitted` where the role does not
   * handle events, and what the job itself meets.
   */
  readonly runJob: (name: StripeJobName) => Promise<void>;
  /** The database connection changed, or what is saved of it: makes key, account and simulator follow. */
  readonly databaseChanged: () => void;
  /** Removes the secrets, the settings and the simulator's state of a connection that was removed. */
  readonly forget: (connectionId: string) => Promise<void>;
  /** Ends the work on events, the receiver and the simulator. */
  readonly stop: () => Promise<void>;
};

/** The Stripe side of the connected workspace: its key, its account or simulator, and the work on its events. */
export function createStripeWorkspace(options: StripeWorkspaceOptions): StripeWorkspace {
  const { settings, log } = options;
  const secrets = createStripeSecrets(options.secrets);
  const settingsOf = (connectionId: string) => stripeSettingsOf(settings.current(), connectionId);
  const simulators = createSimulatorHost({
    folder: options.simulatorFolder,
    start: options.startSimulator,
    keptPort: (id) => settingsOf(id).simulatorPort,
    keepPort: (id, simulatorPort) => changeStripeSettings(settings, id, { simulatorPort }),
    log,
  });
  const receiver = createWebhookReceiver({
    startServer: options.startWebhookServer,
    keptPort: (id) => settingsOf(id).webhookPort,
    keepPort: (id, webhookPort) => changeStripeSettings(settings, id, { webhookPort }),
    log,
    onChange: options.onChange,
  });
  const sessions = createSessionRunner(options, { simulators, receiver, settingsOf });

  async function status(): Promise<StripeStatus> {
    const session = await sessions.current();
    const { id } = session.database.connection;
    return describeStatus({
      session,
      settings: settingsOf(id),
      webhook: { ...receiver.state(), secret: await secrets.webhookPlace(id) },
      simulatorUrl: simulators.running()?.url,
    });
  }

  /** Changes what a session is made of, and opens it anew; nothing where the person switched meanwhile. */
  async function change(
    database: WorkspaceDatabase,
    work: (connectionId: string) => Promise<void>,
    how: { claim?: SimulatorClaim } = {},
  ): Promise<StripeStatus> {
    await sessions.inTurn(async () => {
      if (options.database().pool !== database.pool) {
        throw new AppError(
          'cancelled',
          'The console was connected to another database meanwhile, so nothing was changed. Try again.',
        );
      }
      await work(database.connection.id);
      await sessions.follow({ ...how, anew: true });
    });
    return status();
  }

  /** The session whose account can be used, with its work started where it was not yet. */
  async function sessionAtWork(): Promise<WorkspaceSession> {
    const session = await sessions.current();
    const problem = problemOf(session, await readBinding(session.database));
    if (problem) throw problem;
    options.databaseFor('manageStripe');
    if (!session.isAtWork) await sessions.watch(session);
    return sessions.current();
  }

  return {
    status,

    async target() {
      const session = await sessions.current();
      const problem = problemOf(session, await readBinding(session.database));
      if (problem) {
        void sessions.watch(session);
        throw problem;
      }
      const target = targetOf(session, session.database.actor, options);
      if (!target) throw new Error('a session without a problem has a target');
      return target;
    },

    simulatorUrl: () => simulators.running()?.url,

    async connect(input) {
      const database = options.database();
      const key = readKey(input.key, settingsOf(database.connection.id));
      options.assertConfirmed(database.connection, input.confirmedProduction);
      const account = await verifyKey(key, options.createGateway, log);
      return change(database, async (connectionId) => {
        const { account: bound } = await readBinding(database);
        if (!isSameAccount(account, bound)) {
          if (bound && !input.rebind) throw otherAccount(account, bound);
          const { actor } = options.databaseFor('manageStripe', input);
          await bindAccount(database, account, { rebind: input.rebind, actor });
          // The secret of the account before would only refuse this one's webhooks.
          if (bound) await secrets.forgetWebhookSecret(connectionId);
        }
        await secrets.keepKey(connectionId, key.text);
        await changeStripeSettings(settings, connectionId, {
          account: {
            id: account.id,
            name: account.name,
            mode: key.mode,
            keyKind: key.kind,
            keyFingerprint: fingerprintOf(key.text),
          },
        });
        log.info(`The workspace talks to Stripe in ${key.mode} mode.`, { account: account.id });
      });
    },

    async disconnect(input = {}) {
      const forget = async (connectionId: string) => {
        await secrets.forget(connectionId);
        await changeStripeSettings(settings, connectionId, { account: null });
      };
      return change(options.database(), forget, input.rebind ? { claim: 'test_account' } : {});
    },

    async enableLive() {
      const database = options.database();
      return change(database, async (connectionId) => {
        await changeStripeSettings(settings, connectionId, { liveEnabled: true });
        log.info(`Live mode was enabled for ${database.connection.name}.`);
      });
    },

    async setPolicies(input) {
      await setPolicies(options.databaseFor('manageStripe', input), input);
      options.onChange();
      return status();
    },

    async setWebhookSecret(secret) {
      if (secret === null) {
        return change(options.database(), (id) => secrets.forgetWebhookSecret(id));
      }
      const text = readWebhookSecret(secret);
      return change(options.databaseFor('manageStripe'), (id) =>
        secrets.keepWebhookSecret(id, text),
      );
    },

    async pollNow() {
      await (await sessionAtWork()).events?.pollNow();
      return status();
    },

    async runJob(name) {
      const session = await sessionAtWork();
      const run = runOf(session, name);
      if (run === undefined) {
        throw new AppError(
          'stripe_unavailable',
          'The work for Stripe could not be started yet, so nothing was done and nothing was lost. It is tried again within seconds.',
        );
      }
      await run();
    },

    databaseChanged: () => {
      sessions
        .inTurn(() => sessions.follow())
        .catch((error: unknown) => log.error('Stripe could not be made ready.', error));
    },

    forget: (connectionId) =>
      sessions.inTurn(async () => {
        await secrets.forget(connectionId);
        await forgetStripeSettings(settings, connectionId);
        await simulators.forget(connectionId);
      }),

    stop: () => sessions.stop(),
  };
}

/** How a session runs a job now; undefined while its work is not started. */
function runOf(
  { events, refunds, usage }: WorkspaceSession,
  name: StripeJobName,
): (() => Promise<void>) | undefined {
  switch (name) {
    case 'stripe_events':
      return events?.pollNow;
    case 'stripe_inbox':
      return events?.handleNow;
    case 'refunds':
      return refunds?.finishNow;
    case 'usage_outbox':
      return usage?.sendNow;
    case 'meter_errors':
      return usage?.readErrorsNow;
  }
}
