import { type EmbeddedServer, startEmbeddedServer } from '#main/database/embedded-server.ts';
import { migrate } from '#main/database/migrate.ts';
import { createPool } from '#main/database/pool.ts';
import type { Log } from '../logging/log.ts';
import { DEMO_DATA_FACT } from './open-connection.ts';

export type WorkspaceStep = 'starting_server' | 'migrating' | 'demo_data';

/** What a first start is filled with. */
const DEMO = { customers: 500, transactions: 50_000, seed: 1 };

/**
 * Starts the console's own database and makes it usable: migrated without asking, because it is the console's own, and on the
 * very first start filled with demo data (or marked as wanted empty). Release the server when done.
 */
export async function startWorkspace(options: {
  dataFolder: string;
  /** False: a first start leaves the ledger empty. */
  demoData: boolean;
  log: Log;
  onStep: (step: WorkspaceStep) => void;
}): Promise<EmbeddedServer> {
  const { log, onStep } = options;
  onStep('starting_server');
  const server = await startEmbeddedServer({
    dataFolder: options.dataFolder,
    log: (message) => log.info(message),
  });
  try {
    onStep('migrating');
    const { migrations, functionsApplied } = await migrate({
      connectionString: server.superuserUrl,
    });
    if (migrations.length > 0 || functionsApplied) {
      log.info('The embedded database was migrated.', { migrations, functionsApplied });
    }
    await prepareLedger(server, options);
    return server;
  } catch (error) {
    await server.release().catch((problem: unknown) => log.error('Stopping failed.', problem));
    throw error;
  }
}

async function prepareLedger(
  server: EmbeddedServer,
  options: { demoData: boolean; log: Log; onStep: (step: WorkspaceStep) => void },
): Promise<void> {
  // Seeding is long; the limit on statements is for the work of people.
  const pool = createPool({ url: server.superuserUrl, max: 2, statementTimeoutSeconds: 0 });
  try {
    const login = decodeURIComponent(new URL(server.consoleUrl).username);
    const { rows } = await pool.query<{ member: boolean; decided: boolean }>(
      `SELECT pg_has_role($1, 'credits_admin', 'MEMBER') AS member,
              EXISTS (SELECT FROM credits.workspace_facts WHERE name = $2)
                OR EXISTS (SELECT FROM credits.customers) AS decided`,
      [login, DEMO_DATA_FACT],
    );
    if (!rows[0]?.member)
      await pool.query(`GRANT credits_admin TO "${login.replaceAll('"', '""')}"`);
    if (rows[0]?.decided) return;
    if (options.demoData) {
      options.onStep('demo_data');
      // Loaded on the one start that needs it.
      const { seedDemo } = await import('../seed/seed-demo.ts');
      await seedDemo(pool, DEMO);
      options.log.info('The ledger was filled with demo data.', DEMO);
    }
    await pool.query(
      `INSERT INTO credits.workspace_facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
      [DEMO_DATA_FACT, JSON.stringify(options.demoData)],
    );
  } finally {
    await pool.end();
  }
}
