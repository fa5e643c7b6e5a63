import { join } from 'node:path';
import pg from 'pg';
import { readCredentials } from '#main/database/embedded-credentials.ts';
import { CONSOLE_DATABASE } from '#main/database/embedded-server.ts';
import { columnTypes } from '#main/database/pool.ts';

/** A connection of its own to the database that runs in a data folder: what a test arranges and compares with. */
export type EmbeddedLedger = {
  /** Runs one statement; int8 arrives as a number. */
  query: <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>;
  end: () => Promise<void>;
};

type ConnectOptions = { login?: 'console' | 'superuser'; actor?: string };

/** Connects to the database that runs in a data folder. `actor` stands on what is written over this connection. */
export async function connectToLedger(
  dataFolder: string,
  { login = 'console', actor = 'test set-up' }: ConnectOptions = {},
): Promise<EmbeddedLedger> {
  const credentials = await readCredentials(join(dataFolder, 'postgresql.json'));
  if (credentials === undefined) throw new Error(`${dataFolder} has no embedded database`);
  const client = new pg.Client({
    host: '127.0.0.1',
    port: credentials.port,
    database: CONSOLE_DATABASE,
    user: credentials[login].name,
    password: credentials[login].password,
    ssl: false,
    types: columnTypes,
  });
  // The server ends connections when its console quits before the test does.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`SELECT set_config('credits.actor', $1, false)`, [actor]);
  return {
    query: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await client.query(text, [...values])).rows as Row[],
    end: () => client.end(),
  };
}

/** A customer made for one test, with a purchase that never expires. */
export async function makeCustomer(
  ledger: EmbeddedLedger,
  { id, name, purchased = 0 }: { id: string; name: string; purchased?: number },
): Promise<void> {
  await ledger.query(
    `SELECT * FROM credits.ensure_customer($1, email => $2, name => $3, plan_tier => 'pro')`,
    [id, `${id}@example.com`, name],
  );
  if (purchased === 0) return;
  await ledger.query(
    `SELECT * FROM credits.add_credits($1, $2, 'purchase', 'Credit pack', stripe_payment_id => $3)`,
    [id, purchased, `pi_${id}`],
  );
}
