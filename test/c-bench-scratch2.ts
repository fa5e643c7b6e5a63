import { startTestServer } from '#test/support/postgres-server.ts';
import { createTestDatabase } from '#test/support/test-database.ts';
import { openApiPool } from '#main/service/api-pool.ts';
import { readBalance } from '#main/spending/customers.ts';
import { applyFeature } from '#main/spending/usage.ts';
import { silentLog } from '#main/logging/log.ts';
import { createPool } from '#main/database/pool.ts';
const { server, stop } = await startTestServer();
const database = await createTestDatabase(server);
for (let i = 0; i < 500; i++) { await database.pool.query('select credits.ensure_customer($1)', ['c' + i]); await database.pool.query("select credits.add_credits($1, 100000, 'bonus', 'x')", ['c' + i]); }
const api = await openApiPool({ url: database.urlFor('test_admin'), log: silentLog });
const pool = createPool({ url: database.urlFor('test_admin'), max: 16 });
async function load(lanes: number, work: () => Promise<unknown>) {
  const end = performance.now() + 2000; let n = 0;
  await Promise.all(Array.from({ length: lanes }, async () => { while (performance.now() < end) { await work(); n++; } }));
  return n / 2;
}
let i = 0;
for (const lanes of [1, 8, 64]) for (let r = 0; r < 2; r++) {
  console.log(lanes, 'select1', await load(lanes, () => pool.query({ name: 'one', text: 'SELECT 1' })),
   'balance', await load(lanes, () => readBalance(api, 'c' + ((i += 7) % 500))),
   'use', await load(lanes, () => applyFeature(api, 'api key x', { customerId: 'c' + ((i += 7) % 500), feature: 'basic_search', idempotencyKey: 'k' + ++i })),
   'bare fn', await load(lanes, () => pool.query({ name: 'u', text: "SELECT f.id::text FROM credits.use_feature($1, 'basic_search', 1, $2) f", values: ['c' + ((i += 7) % 500), 'k' + ++i] })),
   'fn+avail', await load(lanes, () => pool.query({ name: 'u2', text: "SELECT f.id::text, credits.available_now(f.customer_id) FROM credits.use_feature($1, 'basic_search', 1, $2) f", values: ['c' + ((i += 7) % 500), 'k' + ++i] })));
}
await api.pool.end(); await pool.end(); await database.drop(); await stop(); process.exit();
