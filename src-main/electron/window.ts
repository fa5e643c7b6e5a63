import { join } from 'node:path';
import { BrowserWindow, nativeTheme, screen } from 'electron';
import { APP_PAGE } from './app-protocol.ts';
import { placeWindow, readWindowState, WINDOW_MIN, writeWindowState } from './window-state.ts';
import { ZOOM_DEFAULT } from './zoom.ts';

/** The page's own background in both themes: the window shows it before the page paints, instead of a white flash. */
const BACKGROUND = { light: '#ffffff', dark: '#15161b' };

/**
 * Opens the window, where it was last time. It is shown when the page has painted; `path` is a place of the page, such as
 * `/customers`.
 */
export function openWindow(options: {
  stateFile: string;
  path?: string | undefined;
  allowDeveloperTools: boolean;
  /** Called before the page loads. */
  prepare: (window: BrowserWindow) => void;
}): BrowserWindow {
  const saved = readWindowState(options.stateFile);
  const window = new BrowserWindow({
    ...placeWindow(saved, workAreas()),
    minWidth: WINDOW_MIN.width,
    minHeight: WINDOW_MIN.height,
    show: false,
    title: 'Credit Console',
    // Elsewhere the icon is the program's own.
    ...(process.platform === 'linux' ? { icon: join(import.meta.dirname, 'icon.png') } : {}),
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload: join(import.meta.dirname, '../preload/preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      devTools: options.allowDeveloperTools,
      // Its dictionaries would be downloaded from Google, and names are no words.
      spellcheck: false,
    },
  });
  if (saved?.maximized) window.maximize();
  const { webContents } = window;
  webContents.once('did-finish-load', () =>
    webContents.setZoomFactor(saved?.zoomFactor ?? ZOOM_DEFAULT),
  );
  window.once('ready-to-show', () => window.show());
  window.on('close', () => {
    try {
      writeWindowState(options.stateFile, {
        ...window.getNormalBounds(),
        maximized: window.isMaximized(),
        zoomFactor: webContents.getZoomFactor(),
      });
    } catch {
      // Where the window stood is not worth an error while it closes.
    }
  });
  options.prepare(window);
  void window.loadURL(options.path === undefined ? APP_PAGE : `${APP_PAGE}#${options.path}`);
  return window;
}

/** Brings a window to the person's attention, wherever it is. */
export function focusWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

/** Keeps the colour behind the page in step with the theme. */
export function followTheme(window: BrowserWindow): void {
  const update = () =>
    window.setBackgroundColor(nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light);
  nativeTheme.on('updated', update);
  window.once('closed', () => nativeTheme.off('updated', update));
}

function workAreas() {
  const main = screen.getPrimaryDisplay();
  const others = screen.getAllDisplays().filter(({ id }) => id !== main.id);
  return [main, ...others].map(({ workArea }) => workArea);
}
