import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { CONNECTION_COLORS, ENVIRONMENTS, preferencesSchema } from '#shared/ipc/settings.ts';
import type { Log } from '../logging/log.ts';
import { writeFileAtomically } from './atomic-file.ts';

export const EMBEDDED_ID = 'embedded';

const savedConnectionSchema = z.strictObject({
  id: z.string().min(1).max(100),
  kind: z.enum(['embedded', 'url']),
  name: z.string().min(1).max(60),
  color: z.enum(CONNECTION_COLORS),
  environment: z.enum(ENVIRONMENTS),
  /** Never with a password in it. */
  url: z.string().max(2000).nullable(),
  allowUnverifiedTls: z.boolean(),
  lastUsedAt: z.iso.datetime().nullable(),
  /** True once a password was entered: then one that is not stored is missing, not needless. */
  expectsPassword: z.boolean(),
});
export type SavedConnection = z.output<typeof savedConnectionSchema>;

const portSchema = z.number().int().min(1).max(65_535);

/** What a connection has to do with Stripe. Keys are in the secret store, never here. */
const stripeSettingsSchema = z.strictObject({
  connectionId: z.string().min(1).max(100),
  /** True once a person allowed live keys for this connection. */
  liveEnabled: z.boolean(),
  /** The account of the key that was entered; null: none was. */
  account: z
    .strictObject({
      id: z.string().min(1).max(300),
      name: z.string().nullable(),
      mode: z.enum(['test', 'live']),
      keyKind: z.enum(['secret', 'restricted']),
      /** Tells whether the stored key is the one that was verified for this account; the key cannot be read from it. */
      keyFingerprint: z.string().max(64),
    })
    .nullable(),
  /** Kept, so that links to the simulator and the receiver outlive a restart. */
  simulatorPort: portSchema.nullable(),
  webhookPort: portSchema.nullable(),
});
export type StripeSettings = z.output<typeof stripeSettingsSchema>;

const settingsSchema = z
  .strictObject({
    format: z.literal(1),
    activeId: z.string(),
    connections: z.array(savedConnectionSchema).max(200),
    preferences: preferencesSchema,
    /** By connection; missing in files of consoles before Stripe. */
    stripe: z.array(stripeSettingsSchema).max(200).optional(),
  })
  .refine(
    ({ connections }) =>
      connections.filter(({ kind, id }) => kind === 'embedded' && id === EMBEDDED_ID).length ===
        1 && new Set(connections.map(({ id }) => id)).size === connections.length,
    { error: 'connections must have ids of their own and hold the embedded one once' },
  )
  .refine(({ activeId, connections }) => connections.some(({ id }) => id === activeId), {
    error: 'the active connection must be one of the list',
  });
export type Settings = z.output<typeof settingsSchema>;

export const DEFAULT_SETTINGS: Settings = {
  format: 1,
  activeId: EMBEDDED_ID,
  connections: [
    {
      id: EMBEDDED_ID,
      kind: 'embedded',
      name: 'This computer',
      color: 'blue',
      environment: 'local',
      url: null,
      allowUnverifiedTls: false,
      lastUsedAt: null,
      expectsPassword: false,
    },
  ],
  preferences: {
    theme: 'system',
    timeZone: null,
    actorName: null,
    density: 'comfortable',
    sidebarCollapsed: false,
  },
};

export type SettingsFile = {
  readonly current: () => Settings;
  /** Changes and saves; changes run one after the other. Throws AppError `file_error` or `disk_full`; then nothing changed. */
  readonly update: (change: (settings: Settings) => Settings) => Promise<Settings>;
  /** A sentence for the person where the file could not be read and was set aside. */
  readonly problem: string | undefined;
};

/**
 * Opens `settings.json` of the data folder. A file that cannot be understood is set aside under another name, never
 * overwritten, and the defaults are used. Throws AppError `file_error` where it cannot even be read or set aside.
 */
export function openSettingsFile(
  dataFolder: string,
  log: Log,
  now = () => new Date(),
): SettingsFile {
  const file = join(dataFolder, 'settings.json');
  const { settings, problem } = readSettings(file, log, now);
  let current = settings;
  let queue: Promise<unknown> = Promise.resolve();
  return {
    current: () => current,
    problem,
    update(change) {
      const next = queue.then(async () => {
        const changed = settingsSchema.parse(change(current));
        await writeFileAtomically(file, `${JSON.stringify(changed, null, 2)}\n`).catch((error) => {
          throw fileError(file, 'written', error);
        });
        current = changed;
        return changed;
      });
      queue = next.catch(() => undefined);
      return next;
    },
  };
}

function readSettings(
  file: string,
  log: Log,
  now: () => Date,
): { settings: Settings; problem: string | undefined } {
  let text: string;
  try {
    if (!existsSync(file)) return { settings: DEFAULT_SETTINGS, problem: undefined };
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(file, 'read', error);
  }
  const parsed = settingsSchema.safeParse(parseJson(text));
  if (parsed.success) return { settings: parsed.data, problem: undefined };
  const aside = `${file.replace(/\.json$/, '')}.broken-${now().toISOString().replaceAll(/[:.]/g, '-')}.json`;
  try {
    renameSync(file, aside);
  } catch (error) {
    throw fileError(file, 'set aside', error);
  }
  const problem = `The settings in ${file} could not be understood, so the console starts with its defaults. Nothing was lost: the old file is kept as ${aside}.`;
  log.warn(problem, { why: parsed.error.issues.map(({ path, message }) => ({ path, message })) });
  return { settings: DEFAULT_SETTINGS, problem };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fileError(file: string, what: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError(
      'disk_full',
      `The disk that holds ${file} is full; the settings were not changed. Free some space, then try again.`,
      { cause },
    );
  }
  return new AppError(
    'file_error',
    `The settings in ${file} could not be ${what}${code ? ` (${code})` : ''}. Nothing was changed. Check who may read and write that folder.`,
    { cause },
  );
}
