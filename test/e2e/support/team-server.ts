import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { asSuperuser, startTestServer, type TestServer } from '#test/support/postgres-server.ts';
import { test as base, expect } from './console-test.ts';

export type TeamServer = TestServer & {
  /** Makes a database: with a ledger (a copy of the migrated template), or empty. */
  makeDatabase: (name: string, contents: 'ledger' | 'empty') => Promise<void>;
  /** Runs one statement in a database, as its superuser. */
  query: <Row>(database: string, text: string, values?: readonly unknown[]) => Promise<Row[]>;
};

type WorkerFixtures = {
  /** A team's PostgreSQL, one a worker. */
  teamServer: TeamServer;
  /** The port of a server that answers, and is not PostgreSQL. */
  strangerPort: number;
};

/** Playwright's test in a real window, beside a real PostgreSQL of a team. */
export const test = base.extend<object, WorkerFixtures>({
  teamServer: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern
    async ({}, use) => {
      const { server, stop } = await startTestServer();
      await use({
        ...server,
        makeDatabase: (name, contents) =>
          asSuperuser(server, 'postgres', async (client) => {
            const template = contents === 'ledger' ? server.templateDatabase : 'template0';
            await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${template}`);
          }),
        query: <Row>(database: string, text: string, values: readonly unknown[] = []) =>
          asSuperuser(
            server,
            database,
            async (client) => (await client.query(text, [...values])).rows as Row[],
          ),
      });
      await stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  strangerPort: [
    // biome-ignore lint/correctness/noEmptyPattern: see above
    async ({}, use) => {
      const stranger = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      });
      await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
      await use((stranger.address() as AddressInfo).port);
      stranger.close();
    },
    { scope: 'worker' },
  ],
});

export { expect };
