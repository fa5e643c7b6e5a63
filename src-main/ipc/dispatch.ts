import { AppError, type ErrorData } from '#shared/errors.ts';
import type { Handlers, Procedure, Reply } from '#shared/ipc/procedure.ts';
import type { Log } from '../logging/log.ts';
import { assertPlainData } from './plain-data.ts';
import { toAppError } from './wire-errors.ts';

/** Who calls, as the host's sender guard found. */
export type Sender = {
  /** The same for all calls of one window. */
  readonly id: number;
  /** True only for our window's main frame on our origin. */
  readonly trusted: boolean;
};

export type Dispatcher = {
  /** Runs one procedure. Never rejects: whatever goes wrong is in the reply. */
  readonly call: (
    sender: Sender,
    name: unknown,
    input: unknown,
    callId: unknown,
  ) => Promise<Reply<unknown>>;
  /** Cancels a running query of the same sender. Commands run to their end: half a posting helps nobody. */
  readonly cancel: (sender: Sender, callId: unknown) => void;
  /** The window went away: nobody waits for its calls any more. */
  readonly abandon: (senderId: number) => void;
};

type Running = { kind: Procedure['kind']; controller: AbortController };

const CALL_ID = /^[A-Za-z0-9-]{1,64}$/;

/**
 * The door of the main process: sender, then name, then input (strict), then handler, then output. What a handler
 * returns beyond its contract does not pass. Failures carry a code of the closed list and a trace id that finds the log entry.
 */
export function createDispatcher<Contract extends Record<string, Procedure>>(options: {
  contract: Contract;
  handlers: Handlers<Contract>;
  log: Log;
  newTraceId: () => string;
  /** Told of every failure that is sent out, such as to notice that the database is gone. */
  onFailure?: (error: AppError) => void;
}): Dispatcher {
  const { contract, log } = options;
  const procedures = new Map<string, Procedure>(Object.entries(contract));
  const handlers = new Map<string, (input: never, context: never) => Promise<unknown>>(
    Object.entries(options.handlers),
  );
  const running = new Map<string, Running>();
  const keyOf = (senderId: number, callId: string) => `${senderId}:${callId}`;

  async function answer(
    sender: Sender,
    name: unknown,
    input: unknown,
    callId: unknown,
    traceId: string,
  ): Promise<unknown> {
    if (!sender.trusted) {
      throw new AppError('sender_refused', 'The call did not come from the console window.');
    }
    const procedure = typeof name === 'string' ? procedures.get(name) : undefined;
    const handler = typeof name === 'string' ? handlers.get(name) : undefined;
    if (!procedure || !handler) {
      throw new AppError('unknown_procedure', 'There is no procedure of this name.');
    }
    if (typeof callId !== 'string' || !CALL_ID.test(callId)) {
      throw new AppError('invalid_argument', 'The call has no usable id; nothing was changed.');
    }
    assertPlainData(input);
    const parsed = procedure.input.parse(input);
    const key = keyOf(sender.id, callId);
    if (running.has(key)) {
      throw new AppError(
        'invalid_argument',
        'A call with this id is running; nothing was changed.',
      );
    }
    const controller = new AbortController();
    running.set(key, { kind: procedure.kind, controller });
    try {
      const context = { signal: controller.signal, traceId };
      const output = await handler(parsed as never, context as never);
      return parseOutput(procedure, output);
    } finally {
      running.delete(key);
    }
  }

  return {
    async call(sender, name, input, callId) {
      const traceId = options.newTraceId();
      try {
        return { ok: true, value: await answer(sender, name, input, callId, traceId) };
      } catch (error) {
        const label = typeof name === 'string' && procedures.has(name) ? name : 'unknown procedure';
        const kind = (typeof name === 'string' && procedures.get(name)?.kind) || 'query';
        const known = toAppError(error, kind);
        const shown = known ?? unexpected(kind);
        if (known === undefined) log.error(`${label} failed (trace ${traceId})`, error);
        else if (known.code !== 'cancelled') {
          log.warn(`${label} was refused: ${known.code} (trace ${traceId})`, known.cause);
        }
        options.onFailure?.(shown);
        return { ok: false, error: { ...errorData(shown), traceId } };
      }
    },
    cancel(sender, callId) {
      if (!sender.trusted || typeof callId !== 'string') return;
      const call = running.get(keyOf(sender.id, callId));
      if (call?.kind === 'query') call.controller.abort(abortReason());
    },
    abandon(senderId) {
      for (const [key, call] of running) {
        if (key.startsWith(`${senderId}:`)) call.controller.abort(abortReason());
      }
    },
  };
}

function parseOutput(procedure: Procedure, output: unknown): unknown {
  const result = procedure.output.safeParse(output);
  if (result.success) return result.data;
  // Not a ZodError on its way out: that would be told as if the input had been wrong.
  throw new Error(`the handler's answer breaks the contract: ${result.error.message}`);
}

function abortReason(): AppError {
  return new AppError('cancelled', 'The work was cancelled; nothing was changed.');
}

function unexpected(kind: Procedure['kind']): AppError {
  return new AppError(
    'internal',
    kind === 'query'
      ? 'Something unexpected went wrong; nothing was changed. Try again; if it stays, report the trace id.'
      : 'Something unexpected went wrong. Look at the log of transactions before you try again; if it stays, report the trace id.',
  );
}

function errorData(error: AppError): ErrorData {
  return {
    code: error.code,
    message: error.message,
    ...(error.fields ? { fields: error.fields } : {}),
    ...(error.details ? { details: plainDetails(error.details) } : {}),
  };
}

/** Details come from many places; only what survives as JSON crosses. */
function plainDetails(details: Record<string, unknown>): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(details)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
