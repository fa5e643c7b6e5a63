import { describe, expect, it, vi } from 'vitest';
import { createDispatcher } from '#main/ipc/dispatch.ts';
import { silentLog } from '#main/logging/log.ts';
import { isErrorCode } from '#shared/errors.ts';
import { contract } from '#shared/ipc/contract.ts';
import { PROCEDURE_NAMES } from '#shared/ipc/names.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import { VALID_INPUTS } from '#test/support/contract-samples.ts';

const sender = { id: 1, trusted: true };
const megabyte = 'x'.repeat(1_048_576);

/** The real contract before a handler that only counts: whatever reaches it was let through. */
function door() {
  const reached = vi.fn(async () => ({}) as never);
  const handlers = Object.fromEntries(
    PROCEDURE_NAMES.map((name) => [name, reached]),
  ) as unknown as Handlers<typeof contract>;
  const dispatcher = createDispatcher({
    contract,
    handlers,
    log: silentLog,
    newTraceId: () => 'trace',
  });
  const send = (name: unknown, input: unknown) => dispatcher.call(sender, name, input, 'call-1');
  return { send, reached };
}

async function expectRefused(name: unknown, input: unknown, code = 'invalid_argument') {
  const { send, reached } = door();
  const reply = await send(name, input);
  expect(reply).toMatchObject({ ok: false, error: { code } });
  if (!reply.ok) expect(isErrorCode(reply.error.code)).toBe(true);
  expect(reached).not.toHaveBeenCalled();
  return reply;
}

describe.each(PROCEDURE_NAMES)('%s', (name) => {
  const valid: Record<string, unknown> = VALID_INPUTS[name];

  it('takes its valid input', async () => {
    const { send, reached } = door();
    await send(name, valid);
    expect(reached).toHaveBeenCalledOnce();
  });

  it('refuses a field that it does not know', async () => {
    await expectRefused(name, { ...valid, isAdmin: true });
  });

  it('refuses fields that could reach a prototype', async () => {
    await expectRefused(name, JSON.parse(`{"__proto__": {"isAdmin": true}}`));
    await expectRefused(name, { ...valid, constructor: { prototype: {} } });
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it.each([
    undefined,
    null,
    'text',
    7,
    true,
    [],
    [VALID_INPUTS[name]],
    new Map(),
    new Date(0),
    10n,
    Symbol('s'),
  ])('refuses %s instead of an object', async (input) => {
    await expectRefused(name, input);
  });

  it('refuses each of its fields with a value of another kind', async () => {
    for (const field of Object.keys(valid)) {
      await expectRefused(name, { ...valid, [field]: { $gt: '' } });
      await expectRefused(name, { ...valid, [field]: [[[]]] });
      await expectRefused(name, { ...valid, [field]: Number.NaN });
    }
  });

  it('refuses a megabyte of text in any field, without repeating it', async () => {
    for (const field of ['extra', ...Object.keys(valid)]) {
      const reply = await expectRefused(name, { ...valid, [field]: megabyte });
      expect(JSON.stringify(reply).length).toBeLessThan(2_000);
    }
  });
});

describe('amounts', () => {
  it.each([
    '100',
    '1e3',
    1.5,
    -0,
    0,
    -5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    1e20,
    '١٠٠',
    '1,000',
    null,
    [100],
  ])('such as %s are no credits', async (amount) => {
    await expectRefused('ledger.grant', { ...VALID_INPUTS['ledger.grant'], amount });
    await expectRefused('ledger.adjustDown', { ...VALID_INPUTS['ledger.adjustDown'], amount });
  });
});

describe('text', () => {
  it.each(['a\u0000b', 'a\u0007b', 'a\u001b[2Jb', 'a\u009bb', 'abc\u202edef', '\u2066x'])(
    'with the control character in %j is refused',
    async (text) => {
      await expectRefused('customers.addNote', { customerId: 'cus_1', text });
      await expectRefused('ledger.grant', { ...VALID_INPUTS['ledger.grant'], note: text });
    },
  );

  it('of spaces alone is no reason', async () => {
    await expectRefused('ledger.grant', { ...VALID_INPUTS['ledger.grant'], note: ' \n\t ' });
  });

  it('with markup or a formula is text like any other', async () => {
    const { send, reached } = door();
    await send('customers.addNote', {
      customerId: 'cus_1',
      text: '<img src=x onerror=alert(1)> =1+1',
    });
    expect(reached).toHaveBeenCalledWith(
      { customerId: 'cus_1', text: '<img src=x onerror=alert(1)> =1+1' },
      expect.anything(),
    );
  });

  it.each([
    'javascript:alert(1)',
    'http://tickets.example/1',
    'https://tickets.example/a b',
    'CASE 1',
  ])('%s is no case link', async (caseLink) => {
    await expectRefused('ledger.grant', { ...VALID_INPUTS['ledger.grant'], caseLink });
  });
});

describe('ids', () => {
  it.each(['', 'x'.repeat(201), 'a\u0000', 7])(
    'the customer id %j is refused',
    async (customerId) => {
      await expectRefused('customers.get', { customerId });
    },
  );

  it.each(['0', '-1', '1.0', '01', '1e3', '9223372036854775808', '', 'abc', 7])(
    'the transaction id %j is refused',
    async (transactionId) => {
      await expectRefused('transactions.get', { customerId: 'cus_1', transactionId });
    },
  );
});

describe('the size of an input', () => {
  it('is limited in the number of its parts', async () => {
    await expectRefused('transactions.list', {
      ...VALID_INPUTS['transactions.list'],
      filter: { types: Array.from({ length: 100_000 }, () => 'usage') },
    });
  });

  it('is limited in depth, so that nothing runs out of stack', async () => {
    let deep: unknown = {};
    for (let level = 0; level < 50_000; level += 1) deep = { deep };
    await expectRefused('transactions.list', deep);
  });

  it('counts names as well as values', async () => {
    await expectRefused('transactions.list', { [megabyte]: 1 });
  });
});
