import pg from 'pg';

/** One console's sign that it uses the server: an idle connection, which the system closes however the console ends. */
export type Presence = {
  /** How many other consoles use the server. */
  countOthers: () => Promise<number>;
  end: () => Promise<void>;
};

const PRESENCE_NAME = 'credit-console presence';
const RETRY_MS = 1_000;

/** Connects, and connects again should the server have been restarted under it, until `end` is called. */
export async function announcePresence(
  connectionString: string,
  log: (message: string) => void,
): Promise<Presence> {
  let ended = false;
  let retry: NodeJS.Timeout | undefined;
  let current = await connect();

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString,
      ssl: false,
      application_name: PRESENCE_NAME,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    });
    // The reason of a loss is of no interest here; 'end' follows it and connects again.
    client.on('error', () => undefined);
    await client.connect();
    client.on('end', () => {
      if (ended) return;
      log('The connection that marks the database as in use was lost; connecting again.');
      scheduleRetry();
    });
    return client;
  }

  function scheduleRetry(): void {
    retry = setTimeout(async () => {
      try {
        const client = await connect();
        if (ended) await client.end();
        else current = client;
      } catch {
        if (!ended) scheduleRetry();
      }
    }, RETRY_MS);
    retry.unref();
  }

  return {
    async countOthers() {
      const { rows } = await current.query<{ others: number }>(
        `SELECT count(*)::int AS others FROM pg_stat_activity
          WHERE application_name = $1 AND pid <> pg_backend_pid()`,
        [PRESENCE_NAME],
      );
      return rows[0]?.others ?? 0;
    },
    async end() {
      ended = true;
      clearTimeout(retry);
      await current.end().catch(() => undefined);
    },
  };
}
