import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { app, type BrowserWindow, Menu, nativeTheme, protocol, session } from 'electron';
import { resolveDataFolder } from '#main/database/data-folder.ts';
import { AppError } from '#shared/errors.ts';
import { contract } from '#shared/ipc/contract.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import { EVENT_CHANNEL } from '#shared/ipc/names.ts';
import { type Console, createConsole, makeDataFolder } from '../console.ts';
import { createDispatcher } from '../ipc/dispatch.ts';
import { createHandlers } from '../ipc/handlers.ts';
import { createFileLog } from '../logging/file-log.ts';
import type { Log } from '../logging/log.ts';
import { createSecretStore } from '../settings/secret-store.ts';
import { APP_SCHEME, createAppHandler } from './app-protocol.ts';
import { DEEP_LINK_SCHEME, deepLinkOf, parseDeepLink } from './deep-links.ts';
import { createDesktop, showMessage } from './desktop.ts';
import { openIpcDoor } from './ipc-door.ts';
import { menuTemplate } from './menu.ts';
import { runtimeNote } from './runtime-note.ts';
import { findKeyStore } from './secrets.ts';
import { hardenContents, hardenSession } from './session-policy.ts';
import { focusWindow, followTheme, openWindow } from './window.ts';

/** Where a started process without a usable data folder ends. */
const EXIT_CANNOT_START = 1;
/** A stop that hangs must not keep the person's computer from shutting down; the next start adopts the server. */
const STOP_LIMIT_MS = 15_000;

const isDevelopment = !app.isPackaged;

// Before anything else: every renderer in a sandbox, whatever a window might ask for. Where Chromium's sandbox was switched off
// from outside (root cannot have it), asking for it would only make every process fail.
if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
protocol.registerSchemesAsPrivileged([
  { scheme: APP_SCHEME, privileges: { standard: true, secure: true, codeCache: true } },
]);
// Electron's own menu would be built, and shown, until ours is there.
Menu.setApplicationMenu(null);

try {
  start();
} catch (error) {
  void failToStart(error);
}

function start(): void {
  const dataFolder = resolveDataFolder();
  makeDataFolder(dataFolder);
  // Chromium's own files, and with them the lock of the single instance, belong to the data folder: two data folders run side
  // by side, one twice does not.
  app.setPath('userData', join(dataFolder, 'electron'));
  if (!app.requestSingleInstanceLock()) {
    app.exit(0);
    return;
  }
  const logFile = join(dataFolder, 'logs', 'main.log');
  const log = createFileLog(
    logFile,
    isDevelopment ? { alsoTo: (line) => process.stdout.write(`${line}\n`) } : {},
  );
  process.on('uncaughtException', (error) => reportSurprise(log, error));
  process.on('unhandledRejection', (error) => reportSurprise(log, error));
  // A terminal that was closed takes no more lines; the log file does.
  process.stdout.on('error', () => undefined);
  log.info(`Credit Console ${app.getVersion()} starts.`, {
    electron: process.versions.electron,
    dataFolder,
  });

  const console: Console = createConsole({
    dataFolder,
    log,
    logFile,
    secrets: createSecretStore({ dataFolder, findCipher: findKeyStore, log }),
    versions: {
      version: app.getVersion(),
      electron: process.versions.electron,
      chrome: process.versions.chrome,
      runtimeNote: runtimeNote(),
    },
    desktop: createDesktop({ simulatorOrigin: () => console.stripe.simulatorUrl() }),
    demoData: process.env.CREDIT_CONSOLE_NO_DEMO !== '1',
  });
  // The database starts while Chromium does.
  void console.start();
  stopOnQuit(console);
  void app
    .whenReady()
    .then(() => run(console))
    .catch(failToStart);
}

function run(console: Console): void {
  const { log } = console;
  nativeTheme.themeSource = console.settings.current().preferences.theme;
  hardenSession(session.defaultSession, { allowDeveloperTools: isDevelopment });
  hardenContents(app, (what, address) => log.warn(`Refused: ${what} to ${address.slice(0, 200)}`));
  protocol.handle(APP_SCHEME, createAppHandler(join(import.meta.dirname, '../renderer')));

  const dispatcher = createDispatcher({
    contract,
    handlers: createHandlers(console),
    log,
    newTraceId: randomUUID,
    onFailure: (error) => {
      if (error.code === 'database_unavailable' || error.code === 'outcome_unknown') {
        void console.connection.checkAlive();
      }
    },
  });
  const admit = openIpcDoor(dispatcher);

  let window: BrowserWindow | undefined;
  const open = (path?: string) => {
    window = openWindow({
      stateFile: join(console.dataFolder, 'window.json'),
      path,
      allowDeveloperTools: isDevelopment,
      prepare: (made) => {
        admit(made.webContents);
        followTheme(made);
        made.once('closed', () => {
          window = undefined;
        });
        made.webContents.on('render-process-gone', (_event, details) => {
          log.error('The window’s process ended.', details);
          if (details.reason !== 'clean-exit') made.webContents.reload();
        });
      },
    });
  };
  /** Brings the window to a place; opens one where there is none. */
  const goTo = (path: string | undefined) => {
    if (!window) return open(path);
    focusWindow(window);
    if (path !== undefined) send(window, { type: 'navigate', to: path });
  };

  console.events.on((event) => {
    if (event.type === 'session.changed') {
      nativeTheme.themeSource = console.settings.current().preferences.theme;
    }
    // Asked for outside of the window: it comes to the front, or is opened.
    if (event.type === 'navigate') goTo(event.to);
    else if (window) send(window, event);
  });
  setMenu(console, () => window, goTo);
  listenForLinks(goTo);
  app.on('activate', () => goTo(undefined));
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  open(deepLinkOf(process.argv));
  if (console.settings.problem) {
    void showMessage({
      type: 'warning',
      message: 'The settings were set aside',
      detail: console.settings.problem,
    });
  }
}

function send(window: BrowserWindow, event: ConsoleEvent): void {
  if (!window.isDestroyed()) window.webContents.send(EVENT_CHANNEL, event);
}

function setMenu(
  console: Console,
  currentWindow: () => BrowserWindow | undefined,
  goTo: (path: string | undefined) => void,
): void {
  const template = menuTemplate(
    { platform: process.platform, appName: app.name, isDevelopment },
    {
      send: (event) => {
        const window = currentWindow();
        if (window) send(window, event);
        else goTo(event.type === 'navigate' ? event.to : undefined);
      },
      goBack: () => currentWindow()?.webContents.navigationHistory.goBack(),
      goForward: () => currentWindow()?.webContents.navigationHistory.goForward(),
      zoom: (change) => {
        const contents = currentWindow()?.webContents;
        contents?.setZoomFactor(change(contents.getZoomFactor()));
      },
      showLogs: () => console.desktop?.showInFolder(console.logFile),
      reloadWindow: () => currentWindow()?.webContents.reload(),
      toggleDeveloperTools: () => currentWindow()?.webContents.toggleDevTools(),
    },
  );
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}

/** Links from outside: from a second start of the console, and on macOS from the system. They only navigate. */
function listenForLinks(goTo: (path: string | undefined) => void): void {
  // A development build would make itself the handler of links on this computer.
  if (app.isPackaged) app.setAsDefaultProtocolClient(DEEP_LINK_SCHEME);
  app.on('second-instance', (_event, args) => goTo(deepLinkOf(args)));
  app.on('open-url', (event, link) => {
    event.preventDefault();
    goTo(parseDeepLink(link));
  });
}

/** Quitting waits until the connections are ended and the embedded server is down. */
function stopOnQuit(console: Console): void {
  let stopping: 'no' | 'running' | 'done' = 'no';
  app.on('will-quit', (event) => {
    if (stopping === 'done') return;
    event.preventDefault();
    if (stopping === 'running') return;
    stopping = 'running';
    const limit = setTimeout(() => {
      console.log.error('Stopping took too long; the database server was left to the next start.');
      app.exit(0);
    }, STOP_LIMIT_MS);
    console
      .stop()
      .catch((error: unknown) => console.log.error('Stopping failed.', error))
      .finally(() => {
        clearTimeout(limit);
        stopping = 'done';
        console.log.info('Stopped.');
        // In a turn of its own: Electron ignores a quit while it still handles the event, which is so when nothing was
        // left to wait for, and the process would stay without a window.
        setImmediate(() => app.quit());
      });
  });
}

let surpriseShown = false;

/** What nobody expected goes to the log, and the first time to the person: the console may be of two minds afterwards. */
function reportSurprise(log: Log, error: unknown): void {
  log.error('Something unexpected went wrong in the main process.', error);
  if (surpriseShown || !app.isReady()) return;
  surpriseShown = true;
  void showMessage({
    type: 'error',
    message: 'Something unexpected went wrong',
    detail:
      'Confirmed entries are safe in the database. Restart the console; if it happens again, report what Help → Show Logs holds.',
  });
}

/** Says why there will be no window: on the terminal, and in a dialog. */
async function failToStart(error: unknown): Promise<void> {
  const message =
    error instanceof AppError ? error.message : `Credit Console could not start: ${String(error)}`;
  // Whoever ends the process from outside needs no dialog; they may do it as soon as they have read the message.
  process.once('SIGTERM', () => app.exit(EXIT_CANNOT_START));
  process.stderr.write(`${message}\n`);
  await app.whenReady();
  await showMessage({ type: 'error', message: 'Credit Console cannot start', detail: message });
  app.exit(EXIT_CANNOT_START);
}
