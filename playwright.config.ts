import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.test.ts',
  outputDir: 'out/test-results',
  // Each test starts an Electron of its own; two of them are what two cores carry.
  workers: 2,
  fullyParallel: false,
  forbidOnly: true,
  // A test that passes on a second try hides a race: none is tried twice.
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  use: { trace: 'retain-on-failure', screenshot: 'only-on-failure' },
});
