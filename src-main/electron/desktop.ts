import { join } from 'node:path';
import { app, BrowserWindow, dialog, Notification, shell } from 'electron';
import { AppError } from '#shared/errors.ts';
import type { Desktop } from '../console.ts';
import { createLinkOpener } from './external-links.ts';

/** One that nothing refers to is collected, and its click with it. */
const shown = new Set<Notification>();

/** What the console asks of the desktop: dialogs, the file manager, the browser. */
export function createDesktop(options: {
  /** The address of the built-in simulator of Stripe while it runs. */
  simulatorOrigin: () => string | undefined;
}): Desktop {
  const openLink = createLinkOpener({
    confirmHost: async (host) => {
      const { response } = await showMessage({
        type: 'question',
        message: `Open ${host} in the browser?`,
        detail:
          'The address was typed by a person into the ledger. Open it only if you know this host.',
        buttons: ['Open', 'Cancel'],
        defaultId: 1,
        cancelId: 1,
        noLink: true,
      });
      return response === 0;
    },
    // The one place of the app that opens an address outside of it.
    open: (address) => shell.openExternal(address),
    simulatorOrigin: options.simulatorOrigin,
  });
  return {
    async chooseSaveFile(suggestedName) {
      const dialogOptions: Electron.SaveDialogOptions = {
        title: 'Export transactions',
        defaultPath: join(app.getPath('downloads'), suggestedName),
        filters: [{ name: 'CSV', extensions: ['csv'] }],
        properties: ['createDirectory', 'showOverwriteConfirmation'],
      };
      const window = mainWindow();
      const { canceled, filePath } = window
        ? await dialog.showSaveDialog(window, dialogOptions)
        : await dialog.showSaveDialog(dialogOptions);
      return canceled || !filePath ? undefined : filePath;
    },
    showInFolder: (file) => shell.showItemInFolder(file),
    async openFolder(folder) {
      const problem = await shell.openPath(folder);
      if (problem !== '') {
        throw new AppError(
          'file_error',
          `${folder} could not be opened: ${problem}. Nothing was changed. Open it in your file manager.`,
        );
      }
    },
    openLink,
    notify({ title, body }, onClick) {
      if (!Notification.isSupported()) return;
      const notice = new Notification({ title, body });
      const forget = () => void shown.delete(notice);
      shown.add(notice);
      notice.once('click', () => {
        forget();
        onClick();
      });
      notice.once('close', forget);
      notice.once('failed', forget);
      notice.show();
    },
  };
}

/** Shows a message over the window, or by itself where there is none. */
export function showMessage(
  options: Electron.MessageBoxOptions,
): Promise<Electron.MessageBoxReturnValue> {
  const window = mainWindow();
  return window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options);
}

function mainWindow(): BrowserWindow | undefined {
  return BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0];
}
