import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedServer } from '#main/database/embedded-server.ts';
import { migrate } from '#main/database/migrate.ts';

export type BenchServer = {
  /** Connection URL of a role that may do anything in the database. */
  url: string;
  /** A folder on the same disk as the database, for the fsync probe; undefined where the server is somebody else's. */
  folder: string | undefined;
  stop: () => Promise<void>;
};

/** The console's own PostgreSQL with its durable settings (fsync on), migrated, in a folder that `stop` removes. */
export async function startDurableServer(): Promise<BenchServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'credit-console-bench-'));
  const log: string[] = [];
  try {
    const server = await startEmbeddedServer({
      dataFolder: folder,
      log: (message) => log.push(message),
    });
    const stop = async () => {
      await server.release();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await migrate({ connectionString: server.superuserUrl });
    } catch (error) {
      await stop();
      throw error;
    }
    return { url: server.superuserUrl, folder, stop };
  } catch (error) {
    if (log.length > 0) console.error(log.join('\n'));
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A server that runs already (`--database-url`): it is migrated where it has no ledger, and left as it is otherwise. */
export async function useServer(url: string): Promise<BenchServer> {
  await migrate({ connectionString: url });
  return { url, folder: undefined, stop: async () => undefined };
}

/** A connection of its own, on which `settings` are set for the session. */
export async function connect(
  url: string,
  settings: Record<string, string> = {},
): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'credit-console bench' });
  // Its loss is told to the query that waits, too; unheard, it would end the process before an interrupted bench has cleaned up.
  client.on('error', () => undefined);
  await client.connect();
  for (const [name, value] of Object.entries(settings)) {
    await client.query('SELECT set_config($1, $2, false)', [name, value]);
  }
  return client;
}
