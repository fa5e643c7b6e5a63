import { z } from 'zod';
import { optionalText, requiredText } from '../text.ts';
import { timeZoneSchema } from '../time.ts';
import { command, query } from './procedure.ts';

export const ENVIRONMENTS = ['local', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];
export const CONNECTION_COLORS = [
  'blue',
  'teal',
  'green',
  'amber',
  'orange',
  'red',
  'violet',
  'gray',
] as const;

/** What a person may do on the connected database, from the role's own privileges. */
export const ABILITIES = [
  'grant',
  'adjust',
  'reverse',
  'extendGrant',
  'releaseHold',
  'ensureCustomer',
  'addNote',
  'sell',
  'refund',
  'manageStripe',
  'setAlerts',
  'administer',
  'export',
] as const;
export type Ability = (typeof ABILITIES)[number];

export const connectionSchema = z.strictObject({
  /** 'embedded' or a made id. */
  id: z.string(),
  kind: z.enum(['embedded', 'url']),
  name: z.string(),
  color: z.enum(CONNECTION_COLORS),
  environment: z.enum(ENVIRONMENTS),
  /** Without its password; null for the embedded database. */
  url: z.string().nullable(),
  allowUnverifiedTls: z.boolean(),
  /** Where the password is: in the key store, only in memory until the console closes, or not there (asked again). */
  password: z.enum(['none', 'key_store', 'memory', 'missing']),
  lastUsedAt: z.string().nullable(),
});
export type Connection = z.output<typeof connectionSchema>;

const connectionFields = {
  name: requiredText(60),
  color: z.enum(CONNECTION_COLORS),
  environment: z.enum(ENVIRONMENTS),
  /** postgresql://user:password@host:port/database. A URL without a password keeps the one that is stored. */
  url: z.string().max(2000),
  allowUnverifiedTls: z.boolean(),
};

export const connectionReportSchema = z.strictObject({
  serverVersion: z.string(),
  database: z.string(),
  role: z.string(),
  host: z.string(),
  tls: z.boolean(),
  fsync: z.boolean(),
  synchronousCommit: z.boolean(),
  schema: z.enum(['missing', 'outdated', 'current', 'newer']),
  canMigrate: z.boolean(),
  abilities: z.array(z.enum(ABILITIES)),
  /** Median of a few `select 1`, in milliseconds. */
  roundTripMs: z.number(),
  /** Plain sentences, such as that fsync is off. */
  warnings: z.array(z.string()),
});

export const preferencesSchema = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  /** null: the operating system's. */
  timeZone: timeZoneSchema.nullable(),
  /** The name that stands on every row as actor on the embedded database; null: the operating system's user. */
  actorName: z.string().max(100).nullable(),
  density: z.enum(['comfortable', 'compact']),
  sidebarCollapsed: z.boolean(),
});
export type Preferences = z.output<typeof preferencesSchema>;

const ready = z.strictObject({
  status: z.literal('ready'),
  report: connectionReportSchema,
});
export const databaseStatusSchema = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('connecting'),
    /** What takes its time at a first start of the embedded database. */
    step: z.enum(['starting_server', 'migrating', 'demo_data']).optional(),
  }),
  ready,
  /** Connected, but there is no ledger, or one of another version: nothing is read until it is migrated. */
  z.strictObject({
    status: z.literal('needs_migration'),
    report: connectionReportSchema,
  }),
  z.strictObject({
    status: z.literal('failed'),
    code: z.string(),
    message: z.string(),
  }),
]);
export type DatabaseStatus = z.output<typeof databaseStatusSchema>;

export const settingsProcedures = {
  /** What the shell of the window shows: who acts, on which connection, in which state. */
  'settings.session': query({
    input: z.strictObject({}),
    output: z.strictObject({
      connection: connectionSchema,
      database: databaseStatusSchema,
      actor: z.string(),
      preferences: preferencesSchema,
      /** preferences.timeZone, or the operating system's. */
      timeZone: z.string(),
      /** True on a workspace that `seed-demo` filled. */
      demoData: z.boolean(),
    }),
  }),
  /** Versions, folders and the runtime, for About. */
  'settings.about': query({
    input: z.strictObject({}),
    output: z.strictObject({
      version: z.string(),
      electron: z.string(),
      chrome: z.string(),
      node: z.string(),
      postgresql: z.string().nullable(),
      platform: z.string(),
      dataFolder: z.string(),
      logFile: z.string(),
      clusterFolder: z.string().nullable(),
      /** Set where the app runs on the development fallback of Electron. */
      runtimeNote: z.string().nullable(),
      keyStore: z.string().nullable(),
    }),
  }),
  'settings.updatePreferences': command({
    input: preferencesSchema.partial(),
    output: preferencesSchema,
  }),
  'connections.list': query({
    input: z.strictObject({}),
    output: z.strictObject({
      connections: z.array(connectionSchema),
      activeId: z.string(),
      /** False: passwords are kept in memory only, and the screen says so. */
      keyStoreAvailable: z.boolean(),
    }),
  }),
  /** Connects once and reports, without saving. `id` reuses that connection's stored password where the URL has none. */
  'connections.test': command({
    input: z.strictObject({
      id: z.string().max(100).nullable(),
      url: connectionFields.url,
      allowUnverifiedTls: z.boolean(),
    }),
    output: connectionReportSchema,
  }),
  /** Saves a connection (id null: a new one); the embedded one keeps its kind and takes name, colour and environment only. */
  'connections.save': command({
    input: z.strictObject({ id: z.string().max(100).nullable(), ...connectionFields }),
    output: connectionSchema,
  }),
  'connections.remove': command({
    input: z.strictObject({ id: z.string().max(100) }),
    output: z.strictObject({}),
  }),
  /** Makes a connection the active one without a restart; the state follows as `database.changed`. `password` where it is missing. */
  'connections.switch': command({
    input: z.strictObject({ id: z.string().max(100), password: optionalText(500) }),
    output: databaseStatusSchema,
  }),
  /** Tries the active connection again. */
  'connections.retry': command({ input: z.strictObject({}), output: databaseStatusSchema }),
  /** Installs or updates the ledger's schema on the active connection; only ever when told to. */
  'connections.migrate': command({
    input: z.strictObject({ confirmedProduction: z.boolean() }),
    output: databaseStatusSchema,
  }),
  /** Opens a folder of the console in the file manager. */
  'settings.openFolder': command({
    input: z.strictObject({ folder: z.enum(['data', 'logs']) }),
    output: z.strictObject({}),
  }),
  /** Shows an exported file in the file manager; only a path that an export of this session wrote. */
  'settings.showExport': command({
    input: z.strictObject({ exportId: z.uuid() }),
    output: z.strictObject({}),
  }),
  /** Opens a case link in the browser: https only. */
  'settings.openCaseLink': command({
    input: z.strictObject({ url: z.string().max(500) }),
    output: z.strictObject({}),
  }),
};
