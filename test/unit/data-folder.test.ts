import { describe, expect, it } from 'vitest';
import { resolveDataFolder } from '#main/database/data-folder.ts';

const linux = { platform: 'linux' as const, home: '/home/ana', isRoot: false };

describe.skipIf(process.platform === 'win32')('the data folder', () => {
  it('is the one the user chose', () => {
    expect(resolveDataFolder({ CREDIT_CONSOLE_DATA: '/srv/ledger' }, linux)).toBe('/srv/ledger');
    expect(resolveDataFolder({ CREDIT_CONSOLE_DATA: 'ledger' }, linux)).toBe(
      `${process.cwd()}/ledger`,
    );
  });

  it('is the place for application data of each platform', () => {
    expect(resolveDataFolder({}, linux)).toBe('/home/ana/.local/share/credit-console');
    expect(resolveDataFolder({ CREDIT_CONSOLE_DATA: ' ' }, linux)).toBe(
      '/home/ana/.local/share/credit-console',
    );
    expect(resolveDataFolder({ XDG_DATA_HOME: '/data' }, linux)).toBe('/data/credit-console');
    // The specification has relative paths ignored.
    expect(resolveDataFolder({ XDG_DATA_HOME: 'data' }, linux)).toBe(
      '/home/ana/.local/share/credit-console',
    );
    expect(resolveDataFolder({}, { ...linux, platform: 'darwin', home: '/Users/ana' })).toBe(
      '/Users/ana/Library/Application Support/credit-console',
    );
    expect(resolveDataFolder({ APPDATA: '/roaming' }, { ...linux, platform: 'win32' })).toBe(
      '/roaming/credit-console',
    );
  });

  it('is refused when PostgreSQL’s programs would misread its path', () => {
    for (const folder of ['/srv/a"b', '/srv/$HOME', '/srv/`id`', '/srv/a\nb']) {
      expect(() => resolveDataFolder({ CREDIT_CONSOLE_DATA: folder }, linux)).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      );
    }
  });
});
