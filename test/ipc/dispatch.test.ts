import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createDispatcher } from '#main/ipc/dispatch.ts';
import { createLog } from '#main/logging/log.ts';
import { AppError } from '#shared/errors.ts';
import { contract } from '#shared/ipc/contract.ts';
import { PROCEDURE_NAMES } from '#shared/ipc/names.ts';
import { command, query } from '#shared/ipc/procedure.ts';

const window1 = { id: 1, trusted: true };
const window2 = { id: 2, trusted: true };

const small = {
  'things.list': query({
    input: z.strictObject({ limit: z.number() }),
    output: z.strictObject({ names: z.array(z.string()) }),
  }),
  'things.post': command({ input: z.strictObject({}), output: z.strictObject({}) }),
};

function dispatcherOf(
  handlers: Partial<Parameters<typeof createDispatcher<typeof small>>[0]['handlers']>,
) {
  const logLines: string[] = [];
  const failures: AppError[] = [];
  let traces = 0;
  const dispatcher = createDispatcher({
    contract: small,
    handlers: {
      'things.list': async () => ({ names: [] }),
      'things.post': async () => ({}),
      ...handlers,
    },
    log: createLog((line) => logLines.push(line)),
    newTraceId: () => `trace-${++traces}`,
    onFailure: (error) => failures.push(error),
  });
  return { dispatcher, logLines, failures };
}

/** A handler that waits until its signal aborts, and tells when it began. */
function waitingHandler() {
  let begun: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const handler = (_input: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      begun();
    });
  return { started, handler };
}

describe('the names', () => {
  it('that the preload knows are the keys of the contract, each once', () => {
    expect([...PROCEDURE_NAMES].sort()).toEqual(Object.keys(contract).sort());
    expect(new Set(PROCEDURE_NAMES).size).toBe(PROCEDURE_NAMES.length);
  });
});

describe('a call', () => {
  it('reaches its handler with parsed input and answers with parsed output', async () => {
    const { dispatcher } = dispatcherOf({
      'things.list': async ({ limit }) => ({ names: [`limit ${limit}`] }),
    });
    const reply = await dispatcher.call(window1, 'things.list', { limit: 3 }, 'a');
    expect(reply).toEqual({ ok: true, value: { names: ['limit 3'] } });
  });

  it('from anywhere but the console window is refused before its name is looked at', async () => {
    const handler = vi.fn(async () => ({ names: [] }));
    const { dispatcher } = dispatcherOf({ 'things.list': handler });
    const reply = await dispatcher.call({ id: 9, trusted: false }, 'no.such', { limit: 3 }, 'a');
    expect(reply).toMatchObject({ ok: false, error: { code: 'sender_refused' } });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each([
    'things.drop',
    '__proto__',
    'constructor',
    'toString',
    '',
    7,
    null,
    undefined,
    ['things.list'],
  ])('of %j is an unknown procedure', async (name) => {
    const { dispatcher } = dispatcherOf({});
    const reply = await dispatcher.call(window1, name, {}, 'a');
    expect(reply).toMatchObject({ ok: false, error: { code: 'unknown_procedure' } });
  });

  it.each([undefined, 7, '', 'a b', 'x'.repeat(65), {}])(
    'with the id %j is refused',
    async (callId) => {
      const { dispatcher } = dispatcherOf({});
      const reply = await dispatcher.call(window1, 'things.list', { limit: 1 }, callId);
      expect(reply).toMatchObject({ ok: false, error: { code: 'invalid_argument' } });
    },
  );

  it('does not let out what the contract does not name', async () => {
    const { dispatcher, logLines } = dispatcherOf({
      'things.list': async () =>
        ({ names: ['ada'], passwordHash: 'x9f-hash' }) as { names: string[] },
    });
    const reply = await dispatcher.call(window1, 'things.list', { limit: 1 }, 'a');
    expect(reply).toMatchObject({ ok: false, error: { code: 'internal', traceId: 'trace-1' } });
    expect(JSON.stringify(reply)).not.toContain('x9f-hash');
    expect(logLines.join()).toContain('trace-1');
  });

  it('that fails unexpectedly says nothing of the inside and is found in the log by its trace id', async () => {
    const { dispatcher, logLines } = dispatcherOf({
      'things.list': async () => {
        throw new Error('connect to postgresql://ada:hunter2@db failed at line 7');
      },
    });
    const reply = await dispatcher.call(window1, 'things.list', { limit: 1 }, 'a');
    expect(reply).toMatchObject({ ok: false, error: { code: 'internal', traceId: 'trace-1' } });
    expect(JSON.stringify(reply)).not.toMatch(/line 7|hunter2/);
    expect(logLines.join()).toContain('line 7');
    expect(logLines.join()).toContain('trace-1');
    expect(logLines.join()).not.toContain('hunter2');
  });

  it('that fails as expected carries code, message, fields and plain details', async () => {
    const { dispatcher, failures } = dispatcherOf({
      'things.post': async () => {
        throw new AppError('already_spent', 'Only 5 are left.', {
          fields: { amount: 'too much' },
          details: { left: 5, when: new Date(0) },
        });
      },
    });
    expect(await dispatcher.call(window1, 'things.post', {}, 'a')).toEqual({
      ok: false,
      error: {
        code: 'already_spent',
        message: 'Only 5 are left.',
        fields: { amount: 'too much' },
        details: { left: 5, when: '1970-01-01T00:00:00.000Z' },
        traceId: 'trace-1',
      },
    });
    expect(failures.map(({ code }) => code)).toEqual(['already_spent']);
  });

  it('with an id that runs already is refused, so that a cancel cannot hit another call', async () => {
    const { handler, started } = waitingHandler();
    const { dispatcher } = dispatcherOf({ 'things.list': handler });
    const first = dispatcher.call(window1, 'things.list', { limit: 1 }, 'a');
    await started;
    expect(await dispatcher.call(window1, 'things.list', { limit: 1 }, 'a')).toMatchObject({
      error: { code: 'invalid_argument' },
    });
    dispatcher.cancel(window1, 'a');
    await first;
  });
});

describe('cancelling', () => {
  it('ends a query of the same window', async () => {
    const { handler, started } = waitingHandler();
    const { dispatcher, logLines } = dispatcherOf({ 'things.list': handler });
    const reply = dispatcher.call(window1, 'things.list', { limit: 1 }, 'a');
    await started;
    dispatcher.cancel(window1, 'a');
    expect(await reply).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(logLines).toEqual([]);
  });

  it('does not reach the query of another window, nor obey a foreign sender', async () => {
    const { handler, started } = waitingHandler();
    let aborted = false;
    const { dispatcher } = dispatcherOf({
      'things.list': (input, context) => {
        context.signal.addEventListener?.('abort', () => {
          aborted = true;
        });
        return handler(input, context as never);
      },
    });
    const reply = dispatcher.call(window1, 'things.list', { limit: 1 }, 'a');
    await started;
    dispatcher.cancel(window2, 'a');
    dispatcher.cancel({ id: 1, trusted: false }, 'a');
    dispatcher.cancel(window1, { toString: () => 'a' });
    expect(aborted).toBe(false);
    dispatcher.cancel(window1, 'a');
    expect(await reply).toMatchObject({ error: { code: 'cancelled' } });
  });

  it('leaves a command alone: half a posting helps nobody', async () => {
    let finish: () => void = () => undefined;
    let signal: AbortSignal | undefined;
    const { dispatcher } = dispatcherOf({
      'things.post': (_input, context) => {
        signal = context.signal as AbortSignal;
        return new Promise((resolve) => {
          finish = () => resolve({});
        });
      },
    });
    const reply = dispatcher.call(window1, 'things.post', {}, 'a');
    await vi.waitFor(() => expect(signal).toBeDefined());
    dispatcher.cancel(window1, 'a');
    expect(signal?.aborted).toBe(false);
    finish();
    expect(await reply).toEqual({ ok: true, value: {} });
  });

  it('happens to all calls of a window that went away', async () => {
    const query1 = waitingHandler();
    const { dispatcher } = dispatcherOf({ 'things.list': query1.handler });
    const reply = dispatcher.call(window1, 'things.list', { limit: 1 }, 'a');
    await query1.started;
    dispatcher.abandon(window2.id);
    dispatcher.abandon(window1.id);
    expect(await reply).toMatchObject({ error: { code: 'cancelled' } });
  });
});
