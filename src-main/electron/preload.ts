import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import type { ConsoleBridge } from '#shared/ipc/bridge.ts';
import { CALL_CHANNEL, CANCEL_CHANNEL, EVENT_CHANNEL, PROCEDURE_NAMES } from '#shared/ipc/names.ts';

type ConsoleEvent = Parameters<Parameters<ConsoleBridge['onEvent']>[0]>[0];

// One function per procedure and nothing else: no channel name is ever taken from the page, and neither `ipcRenderer`
// nor one of Electron's events reaches it.
const bridge: ConsoleBridge = {
  call: Object.fromEntries(
    PROCEDURE_NAMES.map((name) => [
      name,
      (input: unknown, callId: string) => ipcRenderer.invoke(CALL_CHANNEL, name, input, callId),
    ]),
  ) as ConsoleBridge['call'],
  cancel: (callId) => ipcRenderer.send(CANCEL_CHANNEL, callId),
  onEvent: (listener) => {
    const forward = (_event: IpcRendererEvent, event: ConsoleEvent) => listener(event);
    ipcRenderer.on(EVENT_CHANNEL, forward);
    return () => {
      ipcRenderer.removeListener(EVENT_CHANNEL, forward);
    };
  },
};

contextBridge.exposeInMainWorld('creditConsole', bridge);
