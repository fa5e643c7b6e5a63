import type { QueryTarget } from '#main/database/run-query.ts';
import type { Log } from '#main/logging/log.ts';
import type { SecretStore } from '#main/settings/secret-store.ts';
import type { SavedConnection, SettingsFile } from '#main/settings/settings-file.ts';
import type { JobName } from '#shared/ipc/jobs.ts';
import type { Ability } from '#shared/ipc/settings.ts';
import type { StripeGateway } from '../gateway/gateway.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { StartSimulator } from './simulator-host.ts';
import type { StartWebhookServer } from './webhook-receiver.ts';

/** The connected database, as far as Stripe is concerned. */
export type WorkspaceDatabase = QueryTarget & {
  readonly connection: SavedConnection;
  readonly abilities: ReadonlySet<Ability>;
  readonly actor: string;
};

/** Reading events and handling them, while it lasts. */
export type EventWork = {
  readonly pollNow: () => Promise<void>;
  readonly handleNow: () => Promise<void>;
  readonly state: () => { polling: 'on' | 'elsewhere'; lastAt: Date | null; error: string | null };
  readonly stop: () => Promise<void>;
};

export type StartEventWork = (
  target: StripeTarget,
  options: {
    poll: boolean;
    pollEveryMs: number;
    onChange: () => void;
    onBillingChange: (customerId: string | null) => void;
    onRun?: ((name: JobName) => void) | undefined;
  },
) => EventWork;

/** Sending metered usage, and reading what Stripe rejected of it, while it lasts. */
export type UsageWork = {
  readonly sendNow: () => Promise<void>;
  readonly readErrorsNow: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type StartUsageWork = (
  target: StripeTarget,
  options: {
    readErrorsEveryMs: number;
    onChange: (customerId: string | null) => void;
    onRun?: ((name: JobName) => void) | undefined;
  },
) => UsageWork;

/** Makes the gateway of a key; `base` is the running simulator's. */
export type CreateGateway = (options: {
  key: string;
  base?: { host: string; port: number } | undefined;
  log: Log;
}) => StripeGateway;

/** What the composition root passes in. */
export type StripeWorkspaceOptions = {
  readonly settings: SettingsFile;
  readonly secrets: SecretStore;
  /** Where the simulators keep their states. */
  readonly simulatorFolder: string;
  /** The chosen connection, open or not. */
  readonly activeId: () => string;
  /** The connected database. Throws an AppError that says why there is none. */
  readonly database: () => WorkspaceDatabase;
  /** As `database`; throws `not_permitted` and `confirmation_required`. */
  readonly databaseFor: (
    ability: Ability,
    question?: { confirmedProduction: boolean },
  ) => WorkspaceDatabase;
  /** Throws `confirmation_required`. */
  readonly assertConfirmed: (connection: SavedConnection, confirmed: boolean) => void;
  readonly createGateway: (
    options: Parameters<CreateGateway>[0],
  ) => StripeGateway | Promise<StripeGateway>;
  readonly startSimulator: StartSimulator;
  readonly startEventWork: (
    ...parameters: Parameters<StartEventWork>
  ) => EventWork | Promise<EventWork>;
  readonly startUsageWork: StartUsageWork;
  readonly startWebhookServer: StartWebhookServer;
  /** Milliseconds between two readings of the events. */
  readonly pollEveryMs: { readonly simulator: number; readonly stripe: number };
  readonly now: () => Date;
  readonly log: Log;
  /** Connection, inbox, polling or receiver changed. */
  readonly onChange: () => void;
  /** Credits, checkouts, refunds or disputes changed, of this customer or (null) of some. */
  readonly onBillingChange: (customerId: string | null) => void;
  /** Metered usage changed, of this customer or (null) of some. */
  readonly onMeteringChange: (customerId: string | null) => void;
  /** A run of this job was noted. */
  readonly onJobRun?: ((name: JobName) => void) | undefined;
};
