import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from '#test/support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let proxy: TcpProxy;
const clients: pg.Client[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query('CREATE TABLE entries (key text PRIMARY KEY)');
  proxy = await startTcpProxy({ port: inject('postgresServer').port });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => undefined);
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

async function connectThrough() {
  const client = new pg.Client({ connectionString: proxy.urlThrough(database.ownerUrl) });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  const connection = proxy.connections.at(-1);
  if (!connection) throw new Error('The proxy saw no connection.');
  return { client, connection };
}

const isThere = async (key: string) =>
  (await database.pool.query('SELECT FROM entries WHERE key = $1', [key])).rowCount === 1;

describe('the proxy of the lost-answer tests', () => {
  it('passes everything while nothing else is asked', async () => {
    const { client } = await connectThrough();
    const { rows } = await client.query("SELECT length(repeat('x', 1000000)) AS length");
    expect(rows).toEqual([{ length: 1_000_000 }]);
  });

  it('loses an answer after the commit: the client sees an error, the row is there', async () => {
    const { client, connection } = await connectThrough();
    const lost = connection.loseAnswer();
    await expect(client.query("INSERT INTO entries VALUES ('lost')")).rejects.toThrow();
    await lost;
    expect(connection.isOpen).toBe(false);
    expect(await isThere('lost')).toBe(true);
  });

  it('cuts before a request gets through: an error, and no row', async () => {
    const { client, connection } = await connectThrough();
    connection.onClientData = () => connection.cut();
    await expect(client.query("INSERT INTO entries VALUES ('cut')")).rejects.toThrow();
    expect(await isThere('cut')).toBe(false);
  });

  it('holds answers back until they are let through', async () => {
    const { client, connection } = await connectThrough();
    connection.holdReplies();
    let answered = false;
    const insert = client.query("INSERT INTO entries VALUES ('held')").then(() => {
      answered = true;
    });
    await expect.poll(() => isThere('held')).toBe(true);
    expect(answered).toBe(false);
    connection.passReplies();
    await insert;
    expect(answered).toBe(true);
  });

  it('drops answers for as long as it is told to', async () => {
    const { client, connection } = await connectThrough();
    connection.dropReplies();
    const insert = client.query("INSERT INTO entries VALUES ('dropped')");
    const failed = expect(insert).rejects.toThrow();
    await expect.poll(() => isThere('dropped')).toBe(true);
    connection.cut();
    await failed;
  });
});
