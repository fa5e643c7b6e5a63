import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { median, percentile } from './statistics.ts';

export type Probe = { medianMicroseconds: number; p95Microseconds: number };

const PAGE = Buffer.alloc(8192, 0x5a);

/**
 * What one small durable write costs on the disk of `folder`: 8 kB written over an existing file, then fdatasync, as
 * PostgreSQL does it with its log.
 */
export async function probeFsync(folder: string, times = 300): Promise<Probe> {
  const file = path.join(folder, `fsync-probe-${process.pid}`);
  const handle = await open(file, 'w');
  try {
    for (let page = 0; page < 64; page += 1) await handle.write(PAGE, 0, PAGE.length, page * 8192);
    await handle.sync();
    const took: number[] = [];
    for (let round = 0; round < times; round += 1) {
      const start = process.hrtime.bigint();
      await handle.write(PAGE, 0, PAGE.length, (round % 64) * 8192);
      await handle.datasync();
      took.push(microsecondsSince(start));
    }
    return summary(took);
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}

/** What an empty question to the server costs: network, protocol and both processes' wake-ups. */
export async function probeRoundTrip(client: pg.Client, times = 500): Promise<Probe> {
  const took: number[] = [];
  for (let round = 0; round < times; round += 1) {
    const start = process.hrtime.bigint();
    await client.query({ name: 'round-trip', text: 'SELECT 1' });
    took.push(microsecondsSince(start));
  }
  return summary(took);
}

function microsecondsSince(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1000;
}

function summary(took: number[]): Probe {
  return { medianMicroseconds: median(took), p95Microseconds: percentile(took, 0.95) };
}
