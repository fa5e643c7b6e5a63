/**
 * A bare Fastify route that runs `select 1` on a pool, in a process of its own as the service is: what HTTP, JSON and the
 * driver cost alone. Prints its address, and ends when it is told to.
 */
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { createPool } from '#main/database/pool.ts';
import { API_CONNECTIONS } from '#main/service/api-pool.ts';

const url = process.env.CREDIT_CONSOLE_DATABASE_URL;
if (url === undefined) throw new Error('CREDIT_CONSOLE_DATABASE_URL is missing.');
const pool = createPool({ url, max: API_CONNECTIONS });
const server = fastify();
server.post('/select-1', async () => {
  const { rows } = await pool.query<{ one: number }>({ name: 'one', text: 'SELECT 1 AS one' });
  return { one: rows[0]?.one };
});
await server.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(
  `Listening on http://127.0.0.1:${(server.server.address() as AddressInfo).port}\n`,
);
