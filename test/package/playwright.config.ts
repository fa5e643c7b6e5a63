import { join } from 'node:path';
import { defineConfig } from '@playwright/test';

/** The tests of what `npm run package` packed. Not part of `npm test`: they need a package. */
export default defineConfig({
  testDir: import.meta.dirname,
  testMatch: '*.test.ts',
  outputDir: join(import.meta.dirname, '../../out/package-test-results'),
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 60_000 },
  reporter: 'list',
});
