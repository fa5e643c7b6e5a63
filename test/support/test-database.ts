import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { columnTypes } from '#main/database/pool.ts';
import { asSuperuser, type TestRole, type TestServer, urlOf } from './postgres-server.ts';

export type TestDatabase = {
  name: string;
  /** Connection URL of the superuser. */
  ownerUrl: string;
  /** A pool of the superuser; int8 arrives as a number and throws beyond the safe range. */
  pool: pg.Pool;
  urlFor: (role: TestRole) => string;
  /** A single connection, as a role or as the superuser; ended by `drop`, if not before. */
  connect: (role?: TestRole) => Promise<pg.Client>;
  /** Ends every connection to the database and removes it. */
  drop: () => Promise<void>;
};

/** A database of its own for one test file: a copy of the migrated template, made in tens of milliseconds. */
export async function createTestDatabase(
  server: TestServer = inject('postgresServer'),
): Promise<TestDatabase> {
  const name = `t_${process.pid}_${randomBytes(6).toString('hex')}`;
  await asSuperuser(server, 'postgres', (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${server.templateDatabase}`),
  );
  const ownerUrl = urlOf(server, name);
  const pool = new pg.Pool({
    connectionString: ownerUrl,
    ssl: false,
    max: 20,
    types: columnTypes,
  });
  // Connections that `drop` or a test cuts are reported here; unheard, they would end the test process.
  pool.on('error', () => undefined);
  const clients = new Set<pg.Client>();
  return {
    name,
    ownerUrl,
    pool,
    urlFor: (role) => urlOf(server, name, role),
    async connect(role) {
      const connectionString = role ? urlOf(server, name, role) : ownerUrl;
      const client = new pg.Client({ connectionString, ssl: false, types: columnTypes });
      client.on('error', () => undefined);
      await client.connect();
      clients.add(client);
      return client;
    },
    async drop() {
      await Promise.all([...clients].map((client) => client.end().catch(() => undefined)));
      await pool.end();
      await asSuperuser(server, 'postgres', (client) =>
        client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      );
    },
  };
}
