import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { soakService } from '#test/support/service-soak.ts';

it('full load beside expiry and notifications, with the service and then PostgreSQL killed: every key is what its client was told', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'credit-console-soak-test-'));
  try {
    const report = await soakService({
      folder,
      seconds: 4,
      lanes: 16,
      customers: 8,
      kills: true,
      leastUses: 250,
      onProgress: () => undefined,
    });
    expect(report.wrong).toEqual([]);
    // Otherwise nothing was shown.
    expect(report.used).toBeGreaterThanOrEqual(250);
    expect(report.refused).toBeGreaterThan(0);
    expect(
      report.repeated,
      'tries failed while the service and its database were away',
    ).toBeGreaterThan(0);
    expect(report.expired, 'at least those of the idle customers').toBeGreaterThanOrEqual(8);
    expect(report.notifications).toBeGreaterThan(8);
    expect(report.mails).toBeGreaterThan(0);
  } finally {
    // Processes of the killed server may still be on their way out.
    await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }
}, 120_000);
