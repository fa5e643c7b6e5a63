import { AppError, type ErrorData } from '#shared/errors.ts';
import type { ConsoleBridge } from '#shared/ipc/bridge.ts';
import { type Contract, contract, type ProcedureName } from '#shared/ipc/contract.ts';
import type { ConsoleEvent } from '#shared/ipc/events.ts';
import { PROCEDURE_NAMES } from '#shared/ipc/names.ts';
import type { HandlerOutput, Handlers, Input, Reply } from '#shared/ipc/procedure.ts';
import { ABILITIES } from '#shared/ipc/settings.ts';
import { aStripeStatus } from './billing-rows.ts';

/** Handlers of the procedures that a test needs, typed by the contract. */
export type FakeHandlers = Partial<Handlers<Contract>>;
export type Session = HandlerOutput<Contract['settings.session']>;
export type ConnectionReport = HandlerOutput<Contract['connections.test']>;

export type FakeBridge = ConsoleBridge & {
  /** What was called, in order, as the window wrote it. */
  readonly calls: ReadonlyArray<{ name: ProcedureName; input: unknown }>;
  /** The inputs of one procedure's calls, in order. */
  callsOf: <Name extends ProcedureName>(name: Name) => Array<Input<Contract[Name]>>;
  /** The calls that the window cancelled. */
  readonly cancelled: readonly string[];
  /** Tells the window something, as main does. */
  emit: (event: ConsoleEvent) => void;
  /** Replaces or adds handlers from now on. */
  use: (handlers: FakeHandlers) => void;
};

/**
 * The bridge of the preload without Electron: it parses input and output by the contract as main's dispatch does,
 * and answers failures as replies. A procedure without a handler fails with a message that names it.
 */
export function createFakeBridge(initialHandlers: FakeHandlers = {}): FakeBridge {
  let handlers: FakeHandlers = {
    'settings.session': async () => aSession(),
    // The top bar asks on every page.
    'stripe.status': async () => aStripeStatus({ mode: 'none', simulatorUrl: null }),
    ...initialHandlers,
  };
  const calls: Array<{ name: ProcedureName; input: unknown }> = [];
  const cancelled: string[] = [];
  const aborts = new Map<string, AbortController>();
  const listeners = new Set<(event: ConsoleEvent) => void>();
  let traces = 0;

  async function answer(name: ProcedureName, input: unknown, callId: string) {
    traces += 1;
    const traceId = `trace-${traces}`;
    const fail = (error: ErrorData): Reply<unknown> => ({
      ok: false,
      error: { ...error, traceId },
    });
    calls.push({ name, input });
    const parsed = contract[name].input.safeParse(input);
    if (!parsed.success) {
      return fail({
        code: 'invalid_argument',
        message: 'A value is missing, malformed or out of range.',
        fields: Object.fromEntries(
          parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message]),
        ),
      });
    }
    // The contract ties each name to its input and output; the union over all names cannot be followed by the compiler.
    const handler = handlers[name] as
      | ((input: unknown, context: { signal: AbortSignal; traceId: string }) => Promise<unknown>)
      | undefined;
    if (handler === undefined) {
      return fail({ code: 'internal', message: `This test has no handler for ${name}.` });
    }
    const abort = new AbortController();
    aborts.set(callId, abort);
    try {
      const output = await handler(parsed.data, { signal: abort.signal, traceId });
      return { ok: true, value: contract[name].output.parse(output) } satisfies Reply<unknown>;
    } catch (error) {
      if (error instanceof AppError) {
        const { code, message, fields, details } = error;
        return fail({ code, message, fields, details });
      }
      return fail({ code: 'internal', message: String(error) });
    } finally {
      aborts.delete(callId);
    }
  }

  return {
    call: Object.fromEntries(
      PROCEDURE_NAMES.map((name) => [
        name,
        (input: unknown, callId: string) => answer(name, input, callId),
      ]),
    ) as ConsoleBridge['call'],
    cancel: (callId) => {
      cancelled.push(callId);
      aborts.get(callId)?.abort();
    },
    onEvent: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    calls,
    callsOf: (name) =>
      calls.filter((each) => each.name === name).map((each) => each.input as never),
    cancelled,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    use: (more) => {
      handlers = { ...handlers, ...more };
    },
  };
}

/** What a healthy embedded database reports. */
export function aReport(changes: Partial<ConnectionReport> = {}): ConnectionReport {
  return {
    serverVersion: '18.4',
    database: 'credit_console',
    role: 'console',
    host: 'this computer',
    tls: false,
    fsync: true,
    synchronousCommit: true,
    schema: 'current',
    canMigrate: true,
    abilities: [...ABILITIES],
    roundTripMs: 0.4,
    warnings: [],
    ...changes,
  };
}

/** A session on the embedded database, in UTC, with every ability. */
export function aSession(changes: Partial<Session> = {}): Session {
  return {
    connection: {
      id: 'embedded',
      kind: 'embedded',
      name: 'This computer',
      color: 'blue',
      environment: 'local',
      url: null,
      allowUnverifiedTls: false,
      password: 'none',
      lastUsedAt: null,
    },
    database: { status: 'ready', report: aReport() },
    actor: 'ada',
    preferences: {
      theme: 'light',
      timeZone: null,
      actorName: null,
      density: 'comfortable',
      sidebarCollapsed: false,
    },
    timeZone: 'UTC',
    demoData: false,
    ...changes,
  };
}
