import type { ConsoleEvent } from './events.ts';
import type { PROCEDURE_NAMES } from './names.ts';
import type { Reply } from './procedure.ts';

/**
 * What the preload puts on `window.creditConsole`: one function per procedure, nothing else of Electron.
 * `callId` is made by the caller, so that it can cancel.
 */
export type ConsoleBridge = {
  readonly call: {
    readonly [Name in (typeof PROCEDURE_NAMES)[number]]: (
      input: unknown,
      callId: string,
    ) => Promise<Reply<unknown>>;
  };
  readonly cancel: (callId: string) => void;
  /** Returns the function that ends the subscription. */
  readonly onEvent: (listener: (event: ConsoleEvent) => void) => () => void;
};
