import type { ConsoleBridge } from '#shared/ipc/bridge.ts';

declare global {
  interface Window {
    /** Put there by the preload: the only way out of this window. */
    readonly creditConsole?: ConsoleBridge;
  }
}

/** The bridge to the main process. Throws where the preload did not run. */
export function consoleBridge(): ConsoleBridge {
  const bridge = window.creditConsole;
  if (bridge === undefined) {
    throw new Error('This page only works inside the Credit Console window.');
  }
  return bridge;
}
