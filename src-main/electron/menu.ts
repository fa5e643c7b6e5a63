import type { MenuItemConstructorOptions } from 'electron';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import { nextZoom, ZOOM_DEFAULT } from './zoom.ts';

export type MenuActions = {
  /** Tells the window; it decides what to do. */
  send: (event: Extract<ConsoleEvent, { type: 'navigate' | 'menu' }>) => void;
  goBack: () => void;
  goForward: () => void;
  zoom: (change: (factor: number) => number) => void;
  showLogs: () => void;
  reloadWindow: () => void;
  toggleDeveloperTools: () => void;
};

/**
 * The application menu: macOS with its app menu and Title Case without mnemonics, `&` mnemonics elsewhere. No Ctrl+Alt chords:
 * they are AltGr on many keyboards. Reload and developer tools stand in development only.
 */
export function menuTemplate(
  system: { platform: NodeJS.Platform; appName: string; isDevelopment: boolean },
  actions: MenuActions,
): MenuItemConstructorOptions[] {
  const isMac = system.platform === 'darwin';
  const label = (text: string) => (isMac ? text.replaceAll('&', '') : text);
  const item = (
    text: string,
    accelerator: string | undefined,
    click: () => void,
  ): MenuItemConstructorOptions => ({
    label: label(text),
    ...(accelerator ? { accelerator } : {}),
    click: () => click(),
  });
  const goTo = (text: string, accelerator: string, to: string) =>
    item(text, accelerator, () => actions.send({ type: 'navigate', to }));
  const separator: MenuItemConstructorOptions = { type: 'separator' };

  const settings = goTo('&Settings…', 'CmdOrCtrl+,', '/settings');
  const about = item(`&About ${system.appName}`, undefined, () =>
    actions.send({ type: 'menu', item: 'about' }),
  );

  const appMenu: MenuItemConstructorOptions = {
    label: system.appName,
    submenu: [
      about,
      separator,
      settings,
      separator,
      { role: 'services' },
      separator,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      separator,
      { role: 'quit' },
    ],
  };
  const file: MenuItemConstructorOptions = {
    label: label('&File'),
    submenu: [
      item('&Find Anything…', 'CmdOrCtrl+K', () => actions.send({ type: 'menu', item: 'search' })),
      item('&Reload Data', 'CmdOrCtrl+R', () =>
        actions.send({ type: 'menu', item: 'reload_data' }),
      ),
      separator,
      goTo('&Database Connections…', 'CmdOrCtrl+Shift+K', '/settings/database'),
      ...(isMac ? [] : [settings]),
      separator,
      ...(isMac ? [{ role: 'close' } as const] : [{ role: 'quit', label: 'E&xit' } as const]),
    ],
  };
  const edit: MenuItemConstructorOptions = {
    label: label('&Edit'),
    submenu: [
      { role: 'undo' },
      { role: 'redo' },
      separator,
      { role: 'cut' },
      { role: 'copy' },
      { role: 'paste' },
      { role: 'selectAll' },
    ],
  };
  const view: MenuItemConstructorOptions = {
    label: label('&View'),
    submenu: [
      item('&Reset Zoom', 'CmdOrCtrl+0', () => actions.zoom(() => ZOOM_DEFAULT)),
      item('Zoom &In', 'CmdOrCtrl+=', () => actions.zoom((factor) => nextZoom(factor, 'in'))),
      item('Zoom &Out', 'CmdOrCtrl+-', () => actions.zoom((factor) => nextZoom(factor, 'out'))),
      separator,
      { role: 'togglefullscreen' },
      ...(system.isDevelopment
        ? [
            separator,
            item('Re&load Window', 'CmdOrCtrl+Shift+R', actions.reloadWindow),
            item(
              '&Toggle Developer Tools',
              isMac ? 'Alt+Cmd+I' : 'Ctrl+Shift+I',
              actions.toggleDeveloperTools,
            ),
          ]
        : []),
    ],
  };
  const go: MenuItemConstructorOptions = {
    label: label('&Go'),
    submenu: [
      item('&Back', isMac ? 'Cmd+[' : 'Alt+Left', actions.goBack),
      item('&Forward', isMac ? 'Cmd+]' : 'Alt+Right', actions.goForward),
      separator,
      goTo('&Customers', 'CmdOrCtrl+1', '/customers'),
      goTo('&Transactions', 'CmdOrCtrl+2', '/transactions'),
      goTo('&Usage', 'CmdOrCtrl+3', '/usage'),
    ],
  };
  const window: MenuItemConstructorOptions = { role: 'windowMenu' };
  const help: MenuItemConstructorOptions = {
    role: 'help',
    label: label('&Help'),
    submenu: [
      item('&Keyboard Shortcuts', 'CmdOrCtrl+/', () =>
        actions.send({ type: 'menu', item: 'shortcuts' }),
      ),
      separator,
      item('Show &Logs', undefined, actions.showLogs),
      ...(isMac ? [] : [separator, about]),
    ],
  };
  return isMac ? [appMenu, file, edit, view, go, window, help] : [file, edit, view, go, help];
}
