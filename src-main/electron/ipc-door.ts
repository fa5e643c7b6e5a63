import { ipcMain, type WebContents } from 'electron';
import { CALL_CHANNEL, CANCEL_CHANNEL } from '#shared/ipc/names.ts';
import type { Dispatcher, Sender } from '../ipc/dispatch.ts';
import { isTrustedOrigin } from './sender-guard.ts';

type IpcEvent = Electron.IpcMainEvent | Electron.IpcMainInvokeEvent;

/** Connects the two channels of the window to the dispatcher. Returns what makes a window's contents one of ours. */
export function openIpcDoor(dispatcher: Dispatcher): (contents: WebContents) => void {
  const ours = new Set<number>();

  function senderOf(event: IpcEvent): Sender {
    const frame = event.senderFrame;
    const trusted = isTrustedOrigin(
      {
        contentsId: event.sender.id,
        frameUrl: frame?.url,
        isMainFrame: frame !== null && frame === event.sender.mainFrame,
      },
      ours,
    );
    return { id: event.sender.id, trusted };
  }

  ipcMain.handle(CALL_CHANNEL, (event, name: unknown, input: unknown, callId: unknown) =>
    dispatcher.call(senderOf(event), name, input, callId),
  );
  ipcMain.on(CANCEL_CHANNEL, (event, callId: unknown) =>
    dispatcher.cancel(senderOf(event), callId),
  );

  return (contents) => {
    const { id } = contents;
    ours.add(id);
    contents.once('destroyed', () => {
      ours.delete(id);
      dispatcher.abandon(id);
    });
    // A reload or a crash of the page: nobody waits for the answers of the page before.
    contents.on('did-start-navigation', (details) => {
      if (details.isMainFrame && !details.isSameDocument) dispatcher.abandon(id);
    });
    contents.on('render-process-gone', () => dispatcher.abandon(id));
  };
}
