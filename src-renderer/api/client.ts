import { AppError } from '#shared/errors.ts';
import type { Contract, ProcedureName } from '#shared/ipc/contract.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import type { Input, Output } from '#shared/ipc/procedure.ts';
import { consoleBridge } from './bridge.ts';

/**
 * Calls a procedure of the main process and unwraps its reply.
 * Throws AppError (with the trace id of main's log) for every failure; `cancelled` when the signal aborts.
 */
export async function call<Name extends ProcedureName>(
  name: Name,
  input: Input<Contract[Name]>,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Output<Contract[Name]>> {
  const { signal } = options;
  const bridge = consoleBridge();
  const callId = crypto.randomUUID();
  const cancelled = () => new AppError('cancelled', 'The work was cancelled.');
  if (signal?.aborted) throw cancelled();
  const cancel = () => bridge.cancel(callId);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const reply = await bridge.call[name](input, callId);
    if (signal?.aborted) throw cancelled();
    // Main has parsed its answer by the contract's schema before sending it.
    if (reply.ok) return reply.value as Output<Contract[Name]>;
    const { code, message, fields, details, traceId } = reply.error;
    throw new AppError(code, message, { fields, details, traceId });
  } catch (error) {
    throw toAppError(error);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Anything thrown, as an AppError: what is not one already becomes `internal`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AppError('internal', message, { cause: error });
}

/** Listens to what main tells the window unasked; returns the function that ends it. */
export function onConsoleEvent(listener: (event: ConsoleEvent) => void): () => void {
  return consoleBridge().onEvent(listener);
}
