import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Starts one real PostgreSQL for the whole run; each test file makes its own database in it. */
const postgres = 'test/support/postgres-server.ts';

export default defineConfig({
  test: {
    // Two kinds at once is what two cores carry; the rest of the machine belongs to PostgreSQL.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    projects: [
      project('unit'),
      project('ledger', { globalSetup: [postgres], testTimeout: 120_000 }),
      project('integration', { globalSetup: [postgres], testTimeout: 120_000 }),
      project('ipc', { globalSetup: [postgres] }),
      {
        plugins: [react()],
        extends: true,
        test: {
          name: 'renderer',
          environment: 'jsdom',
          include: ['test/renderer/**/*.test.{ts,tsx}'],
          setupFiles: ['test/support/renderer-setup.ts'],
        },
      },
      project('architecture'),
      project('security', { globalSetup: [postgres] }),
    ],
  },
});

/** One kind of test in Node: the folder test/<kind>. */
function project(kind: string, options: { globalSetup?: string[]; testTimeout?: number } = {}) {
  return {
    extends: true as const,
    test: {
      name: kind,
      environment: 'node' as const,
      include: [`test/${kind}/**/*.test.ts`],
      ...options,
    },
  };
}
