import { describe, expect, it } from 'vitest';
import { unpackedPath } from '#main/database/postgres-binaries.ts';

describe('the programs of a packaged app', () => {
  it('are looked for beside the archive, once', () => {
    const inside = '/opt/Credit Console/resources/app.asar/node_modules/x/index.js';
    const beside = '/opt/Credit Console/resources/app.asar.unpacked/node_modules/x/index.js';
    expect(unpackedPath(inside)).toBe(beside);
    expect(unpackedPath(beside)).toBe(beside);
    expect(unpackedPath('C:\\app\\resources\\app.asar\\node_modules\\x')).toBe(
      'C:\\app\\resources\\app.asar.unpacked\\node_modules\\x',
    );
  });

  it('are where npm put them in a checkout', () => {
    expect(unpackedPath('/home/ana/credit-console/node_modules/x')).toBe(
      '/home/ana/credit-console/node_modules/x',
    );
  });
});
