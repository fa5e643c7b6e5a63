import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, it } from 'vitest';
import { type MenuActions, menuTemplate } from '#main/electron/menu.ts';

const noAction: MenuActions = {
  send: () => undefined,
  goBack: () => undefined,
  goForward: () => undefined,
  zoom: () => undefined,
  showLogs: () => undefined,
  reloadWindow: () => undefined,
  toggleDeveloperTools: () => undefined,
};

function items(
  platform: NodeJS.Platform,
  isDevelopment = false,
  actions: Partial<MenuActions> = {},
): MenuItemConstructorOptions[] {
  const template = menuTemplate(
    { platform, appName: 'Credit Console', isDevelopment },
    { ...noAction, ...actions },
  );
  return template.flatMap((menu) => [
    menu,
    ...((menu.submenu as MenuItemConstructorOptions[] | undefined) ?? []),
  ]);
}

describe('the application menu', () => {
  it.each(['linux', 'win32', 'darwin'] as const)(
    'gives no two items the same keys on %s',
    (platform) => {
      const keys = items(platform, true).flatMap(({ accelerator }) => accelerator ?? []);
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.length).toBeGreaterThan(8);
    },
  );

  it('has no Ctrl+Alt chord, which is AltGr on many keyboards', () => {
    for (const platform of ['linux', 'win32'] as const) {
      for (const { accelerator } of items(platform, true)) {
        expect(accelerator ?? '').not.toMatch(/(Ctrl|CmdOrCtrl).*Alt|Alt.*Ctrl/);
      }
    }
  });

  it('offers reload and developer tools in development only', () => {
    const labels = (isDevelopment: boolean) =>
      items('linux', isDevelopment).map(({ label }) => label);
    expect(labels(true)).toContain('&Toggle Developer Tools');
    expect(labels(false).join()).not.toMatch(/Developer|Reload Window/);
    expect(items('linux').map(({ role }) => role)).not.toContain('reload');
    expect(items('linux').map(({ role }) => role)).not.toContain('forceReload');
    expect(items('linux').map(({ role }) => role)).not.toContain('toggleDevTools');
  });

  it('has mnemonics except on macOS, where About and Settings are in the app menu', () => {
    expect(items('linux').map(({ label }) => label)).toContain('&File');
    const mac = menuTemplate(
      { platform: 'darwin', appName: 'Credit Console', isDevelopment: false },
      noAction,
    );
    expect(JSON.stringify(mac)).not.toContain('&');
    const [appMenu] = mac;
    expect(JSON.stringify(appMenu)).toContain('About Credit Console');
    expect(JSON.stringify(appMenu)).toContain('Settings…');
  });

  it('only navigates or asks the window', () => {
    const sent: unknown[] = [];
    for (const { click, label } of items('linux', false, { send: (event) => sent.push(event) })) {
      if (click && label) (click as () => void)();
    }
    expect(sent).toContainEqual({ type: 'navigate', to: '/customers' });
    expect(sent).toContainEqual({ type: 'menu', item: 'search' });
    expect(sent).toContainEqual({ type: 'menu', item: 'about' });
    expect(sent).toContainEqual({ type: 'menu', item: 'shortcuts' });
  });
});
