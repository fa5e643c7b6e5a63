import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Console, createConsole, type Desktop } from '#main/console.ts';
import { createLog } from '#main/logging/log.ts';
import { type Cipher, createSecretStore } from '#main/settings/secret-store.ts';
import { DEFAULT_SETTINGS, type Settings } from '#main/settings/settings-file.ts';
import type { CreateGateway } from '#main/stripe/workspace/workspace-options.ts';

export type TestConsole = {
  console: Console;
  dataFolder: string;
  /** Every line logged so far. */
  logLines: string[];
  /** Stops the console and removes its data folder. */
  dispose: () => Promise<void>;
};

/** A console on a data folder of its own, without a window. `url` makes a team's database the active connection. */
export async function createTestConsole(
  options: {
    url?: string;
    environment?: Settings['connections'][number]['environment'];
    desktop?: Desktop;
    cipher?: Cipher;
    demoData?: boolean;
    /** A gateway to a simulator in Stripe's place, for keys. */
    createStripeGateway?: CreateGateway;
    /** Goes on with the folder of a console before. */
    dataFolder?: string;
  } = {},
): Promise<TestConsole> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'credit-console-data-')));
  const logLines: string[] = [];
  const log = createLog((line) => logLines.push(line));
  const secrets = createSecretStore({ dataFolder, findCipher: async () => options.cipher, log });
  if (options.url !== undefined) {
    const url = new URL(options.url);
    await secrets.set('team', decodeURIComponent(url.password));
    url.password = '';
    await writeFile(
      join(dataFolder, 'settings.json'),
      JSON.stringify(withTeam(url.href, options.environment ?? 'staging')),
    );
  }
  const console = createConsole({
    dataFolder,
    log,
    logFile: join(dataFolder, 'logs', 'main.log'),
    secrets,
    versions: { version: '0.0.0', electron: '', chrome: '', runtimeNote: null },
    desktop: options.desktop,
    demoData: options.demoData ?? false,
    ...(options.createStripeGateway ? { createStripeGateway: options.createStripeGateway } : {}),
  });
  return {
    console,
    dataFolder,
    logLines,
    async dispose() {
      await console.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

function withTeam(url: string, environment: Settings['connections'][number]['environment']) {
  const team: Settings['connections'][number] = {
    id: 'team',
    kind: 'url',
    name: 'Team',
    color: 'amber',
    environment,
    url,
    allowUnverifiedTls: false,
    lastUsedAt: null,
    expectsPassword: true,
  };
  return {
    ...DEFAULT_SETTINGS,
    activeId: 'team',
    connections: [...DEFAULT_SETTINGS.connections, team],
  };
}
