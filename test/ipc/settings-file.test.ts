import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#main/logging/log.ts';
import { DEFAULT_SETTINGS, openSettingsFile, type Settings } from '#main/settings/settings-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credit-console-settings-'));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true, force: true });
});

const open = () => openSettingsFile(folder, silentLog);
const settingsPath = () => join(folder, 'settings.json');

/** Every field at a value that is not its default. */
const CHANGED: Settings = {
  format: 1,
  activeId: 'c1',
  connections: [
    {
      id: 'embedded',
      kind: 'embedded',
      name: 'My books',
      color: 'violet',
      environment: 'production',
      url: null,
      allowUnverifiedTls: false,
      lastUsedAt: '2026-11-22T08:00:00.000Z',
      expectsPassword: false,
    },
    {
      id: 'c1',
      kind: 'url',
      name: 'Team “Ünïcode” 💳',
      color: 'red',
      environment: 'production',
      url: 'postgresql://ada@db.example:5433/credits?sslmode=verify-full',
      allowUnverifiedTls: true,
      lastUsedAt: null,
      expectsPassword: true,
    },
  ],
  preferences: {
    theme: 'dark',
    timeZone: 'Asia/Kathmandu',
    actorName: 'Ada Lovelace',
    density: 'compact',
    sidebarCollapsed: true,
  },
};

describe('settings', () => {
  it('have their defaults where there is no file, and write none by being read', async () => {
    expect(open().current()).toEqual(DEFAULT_SETTINGS);
    expect(await readdir(folder)).toEqual([]);
  });

  it('keep every field over saving and reading', async () => {
    await open().update(() => CHANGED);
    expect(open().current()).toEqual(CHANGED);
    expect(open().problem).toBeUndefined();
  });

  it('can be read by their user only', async () => {
    await open().update(() => CHANGED);
    expect((await stat(settingsPath())).mode & 0o777).toBe(0o600);
  });

  it('leave nothing else behind after saving', async () => {
    await open().update(() => CHANGED);
    expect(await readdir(folder)).toEqual(['settings.json']);
  });

  it('lose no change of many at once', async () => {
    const settings = open();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        settings.update((current) => ({
          ...current,
          connections: [
            ...current.connections,
            { ...(CHANGED.connections[1] as Settings['connections'][number]), id: `c${index}` },
          ],
        })),
      ),
    );
    expect(open().current().connections).toHaveLength(21);
  });

  it('do not take a change that would break them', async () => {
    const settings = open();
    await expect(
      settings.update((current) => ({ ...current, activeId: 'gone' })),
    ).rejects.toThrow();
    expect(settings.current()).toEqual(DEFAULT_SETTINGS);
    await settings.update(() => CHANGED);
    expect(open().current()).toEqual(CHANGED);
  });
});

describe('a settings file that cannot be understood', () => {
  it.each([
    ['is empty', ''],
    ['was cut', '{"format":1,"activeId":"emb'],
    ['is of a later version', JSON.stringify({ ...CHANGED, format: 2 })],
    ['has an unknown field', JSON.stringify({ ...CHANGED, plugins: [] })],
    [
      'lacks the embedded database',
      JSON.stringify({ ...CHANGED, connections: [CHANGED.connections[1]] }),
    ],
    ['names an active connection that is not there', JSON.stringify({ ...CHANGED, activeId: 'x' })],
    ['is something else', '\u0000\u0001binary'],
  ])('because it %s is set aside unchanged, and that is said', async (_why, content) => {
    await writeFile(settingsPath(), content);
    const settings = open();
    expect(settings.current()).toEqual(DEFAULT_SETTINGS);
    const [aside, ...more] = await readdir(folder);
    expect(more).toEqual([]);
    expect(aside).toMatch(/^settings\.broken-.*\.json$/);
    expect(settings.problem).toContain(aside);
    expect(await readFile(join(folder, aside ?? ''), 'utf8')).toBe(content);
  });

  it('does not stop new settings from being saved', async () => {
    await writeFile(settingsPath(), 'broken');
    await open().update(() => CHANGED);
    expect(open().current()).toEqual(CHANGED);
    expect(open().problem).toBeUndefined();
  });
});

describe('a settings file that cannot be read', () => {
  it('is an error that says so, not a reason to begin anew', async () => {
    await rm(settingsPath(), { force: true });
    await import('node:fs/promises').then(({ mkdir }) => mkdir(settingsPath()));
    expect(() => open()).toThrow(/could not be read/);
  });
});
