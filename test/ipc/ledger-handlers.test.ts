import { randomUUID } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#main/database/tables/database.ts';
import { postMovement } from '#main/ledger/post-act.ts';
import { writeTransactionsCsv } from '#main/transactions/export-transactions.ts';
import { CREDITS_MAX } from '#shared/credits.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Input } from '#shared/ipc/procedure.ts';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { startTcpProxy, type TcpProxy } from '#test/support/tcp-proxy.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let door: ConsoleDoor;

beforeAll(async () => {
  database = await createTestDatabase();
  door = await openConsoleDoor({ url: database.urlFor('test_support') });
});
afterAll(async () => {
  await door.close();
  await database.drop();
});

async function customer(): Promise<string> {
  const id = `c-${randomUUID()}`;
  await database.pool.query('SELECT credits.ensure_customer($1)', [id]);
  return id;
}

const reason = {
  reasonCode: 'goodwill' as const,
  note: 'They waited for two days',
  caseLink: 'https://case.example/7',
  confirmedProduction: false,
};

function grantOf(customerId: string, fields: Partial<Input<Contract['ledger.grant']>> = {}) {
  return {
    customerId,
    type: 'bonus' as const,
    amount: 100,
    expiresAt: null,
    priority: 100,
    idempotencyKey: randomUUID(),
    ...reason,
    ...fields,
  };
}

async function transactionsOf(customerId: string) {
  const { rows } = await database.pool.query(
    'SELECT id::text, amount, transaction_type, idempotency_key FROM credits.credit_transactions WHERE customer_id = $1 ORDER BY id',
    [customerId],
  );
  return rows;
}

async function expectRulesHold(customerId: string) {
  const { rows } = await database.pool.query('SELECT * FROM credits.check_integrity($1)', [
    customerId,
  ]);
  expect(rows).toEqual([]);
}

describe('an entry by hand', () => {
  it('grants credits, with who, why and the case on the row, and tells the window', async () => {
    const customerId = await customer();
    const { transaction, balance } = await door.call(
      'ledger.grant',
      grantOf(customerId, { expiresAt: '2099-01-01T00:00:00.000Z', priority: 7 }),
    );
    expect(transaction).toMatchObject({
      customerId,
      amount: 100,
      balanceAfter: 100,
      type: 'bonus',
      description: reason.note,
      actor: 'test_support',
      reasonCode: 'goodwill',
      caseLink: reason.caseLink,
    });
    expect(balance).toEqual({
      balance: 100,
      held: 0,
      available: 100,
      lifetime: 0,
      nextExpiry: { expiresAt: '2099-01-01T00:00:00.000Z', amount: 100 },
    });
    expect(door.events).toContainEqual({ type: 'ledger.changed', customerId });
    const { openGrants } = await door.call('customers.credits', { customerId });
    expect(openGrants).toMatchObject([{ priority: 7, remaining: 100, isPaid: false }]);
    const { metadata } = await door.call('transactions.get', {
      customerId,
      transactionId: transaction.id,
    });
    expect(metadata).toEqual({ reason_code: 'goodwill', case_link: reason.caseLink });
  });

  it('takes credits away, reverses whole and in part, extends a grant and releases a hold', async () => {
    const customerId = await customer();
    const granted = await door.call(
      'ledger.grant',
      grantOf(customerId, { expiresAt: '2098-01-01T00:00:00.000Z' }),
    );
    const taken = await door.call('ledger.adjustDown', {
      customerId,
      amount: 30,
      idempotencyKey: randomUUID(),
      ...reason,
    });
    expect(taken.transaction).toMatchObject({ type: 'adjustment', amount: -30, balanceAfter: 70 });
    const back = await door.call('ledger.reverse', {
      customerId,
      transactionId: taken.transaction.id,
      amount: 10,
      idempotencyKey: randomUUID(),
      ...reason,
    });
    expect(back.transaction).toMatchObject({
      type: 'reversal',
      amount: 10,
      reversesId: taken.transaction.id,
      reasonCode: 'goodwill',
    });
    const rest = await door.call('ledger.reverse', {
      customerId,
      transactionId: taken.transaction.id,
      amount: null,
      idempotencyKey: randomUUID(),
      ...reason,
    });
    expect(rest.balance.balance).toBe(100);
    const { grants } = await door.call('transactions.get', {
      customerId,
      transactionId: granted.transaction.id,
    });
    const grantId = grants[0]?.grantId ?? '';
    for (let time = 0; time < 2; time += 1) {
      const extended = await door.call('ledger.extendGrant', {
        customerId,
        grantId,
        expiresAt: '2099-06-01T00:00:00.000Z',
        ...reason,
      });
      expect(extended.grant).toMatchObject({ id: grantId, expiresAt: '2099-06-01T00:00:00.000Z' });
    }
    expect((await door.call('customers.grantChanges', { customerId })).rows).toHaveLength(1);
    const { rows } = await database.pool.query(
      `SELECT id::text FROM credits.hold_credits($1, 25, 'Working')`,
      [customerId],
    );
    const released = await door.call('ledger.releaseHold', {
      customerId,
      holdId: rows[0].id,
      ...reason,
    });
    expect(released.balance).toMatchObject({ balance: 100, held: 0, available: 100 });
    const holds = await database.pool.query(
      'SELECT metadata FROM credits.credit_holds WHERE customer_id = $1',
      [customerId],
    );
    expect(holds.rows[0].metadata).toEqual({
      reason_code: 'goodwill',
      case_link: reason.caseLink,
      note: reason.note,
    });
    await expect(
      door.call('ledger.releaseHold', { customerId, holdId: rows[0].id, ...reason }),
    ).rejects.toMatchObject({ code: 'hold_closed' });
    await expectRulesHold(customerId);
  });

  it('posts once for one key, also when it is sent many times at once', async () => {
    const customerId = await customer();
    const input = grantOf(customerId);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => door.call('ledger.grant', input)),
    );
    expect(new Set(answers.map((answer) => answer.transaction.id)).size).toBe(1);
    expect(await transactionsOf(customerId)).toHaveLength(1);
    await expect(door.call('ledger.grant', { ...input, amount: 101 })).rejects.toMatchObject({
      code: 'idempotency_conflict',
      details: { first_id: answers[0]?.transaction.id },
    });
    expect(await transactionsOf(customerId)).toHaveLength(1);
  });

  it('that the ledger refuses says why in plain words with numbers, and changes nothing', async () => {
    const customerId = await customer();
    const { transaction } = await door.call('ledger.grant', grantOf(customerId));
    const before = await transactionsOf(customerId);
    const keyed = { idempotencyKey: randomUUID(), ...reason };
    await expect(
      door.call('ledger.adjustDown', { customerId, amount: 1_500, ...keyed }),
    ).rejects.toMatchObject({
      code: 'insufficient_credits',
      message:
        'The customer has 100 credits available, 1,500 credits are needed. Nothing was changed.',
      details: { required: 1500, balance: 100, available: 100 },
    });
    await expect(
      door.call('ledger.reverse', {
        customerId,
        transactionId: transaction.id,
        amount: 101,
        ...keyed,
      }),
    ).rejects.toMatchObject({
      code: 'already_reversed',
      message:
        'Of this transaction 100 credits are left to reverse, 101 credits were asked for. Nothing was changed.',
    });
    await expect(
      door.call('ledger.reverse', {
        customerId,
        transactionId: '9223372036854775807',
        amount: null,
        ...keyed,
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(door.call('ledger.grant', grantOf('nobody'))).rejects.toMatchObject({
      code: 'not_found',
      message: 'There is no customer nobody.',
    });
    await expect(
      door.call('ledger.grant', grantOf(customerId, { amount: CREDITS_MAX })),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { amount: expect.any(String) } });
    await expect(
      door.call('ledger.extendGrant', {
        customerId,
        grantId: '12345',
        expiresAt: '2099-01-01T00:00:00.000Z',
        ...reason,
      }),
    ).rejects.toMatchObject({ code: 'not_found', details: { entity: 'grant' } });
    expect(await transactionsOf(customerId)).toEqual(before);
  });

  it.each([
    1.5,
    -1,
    0,
    -0,
    1e300,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    '1000',
    '1e3',
    null,
  ])('refuses the amount %s before the ledger is asked', async (amount) => {
    const customerId = await customer();
    await expect(
      door.call('ledger.grant', grantOf(customerId, { amount: amount as never })),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await transactionsOf(customerId)).toEqual([]);
  });

  it('keeps markup and quotes of its words as they are', async () => {
    const customerId = await customer();
    const note = `<script>alert('x')</script> "; DROP TABLE credits.accounts; -- 💥`;
    const { transaction } = await door.call('ledger.grant', grantOf(customerId, { note }));
    expect(transaction.description).toBe(note);
    for (const bad of ['', '   ', 'x'.repeat(1001), 'a\u0000b', 'a\u202eb']) {
      await expect(
        door.call('ledger.grant', grantOf(customerId, { note: bad })),
      ).rejects.toMatchObject({ code: 'invalid_argument', fields: { note: expect.any(String) } });
    }
    expect(await transactionsOf(customerId)).toHaveLength(1);
  });
});

describe('a preview', () => {
  async function counts() {
    const { rows } = await database.pool.query(
      `SELECT (SELECT count(*) FROM credits.credit_transactions) AS transactions,
        (SELECT count(*) FROM credits.credit_grant_changes) AS changes,
        (SELECT sum(credits_balance) FROM credits.accounts)::bigint AS credits`,
    );
    return rows[0];
  }

  it('shows a grant, and leaves nothing behind', async () => {
    const customerId = await customer();
    const before = await counts();
    const preview = await door.call('ledger.preview', {
      act: 'grant',
      customerId,
      type: 'bonus',
      amount: 40,
      expiresAt: '2099-01-01T00:00:00.000Z',
      priority: 100,
    });
    expect(preview.before).toMatchObject({ balance: 0, available: 0, nextExpiry: null });
    expect(preview.after).toMatchObject({
      balance: 40,
      available: 40,
      nextExpiry: { expiresAt: '2099-01-01T00:00:00.000Z', amount: 40 },
    });
    expect(preview.grants).toMatchObject([
      {
        source: 'bonus',
        remainingBefore: null,
        remainingAfter: 40,
        expiresAtBefore: null,
        expiresAtAfter: '2099-01-01T00:00:00.000Z',
      },
    ]);
    expect(preview.alsoPosts).toEqual([]);
    expect(await counts()).toEqual(before);
  });

  it('shows which grants a debit would take from, in burn order, used-up ones too', async () => {
    const customerId = await customer();
    await door.call('ledger.grant', grantOf(customerId, { amount: 10, priority: 1 }));
    await door.call('ledger.grant', grantOf(customerId, { amount: 20, priority: 2 }));
    await door.call('ledger.grant', grantOf(customerId, { amount: 30, priority: 3 }));
    const before = await counts();
    const preview = await door.call('ledger.preview', {
      act: 'adjustDown',
      customerId,
      amount: 15,
    });
    expect(preview.grants.map((each) => [each.remainingBefore, each.remainingAfter])).toEqual([
      [10, 0],
      [20, 15],
    ]);
    expect([preview.before.balance, preview.after.balance]).toEqual([60, 45]);
    expect(await counts()).toEqual(before);
  });

  it('equals what then happens: reversal of a debit that used up a grant', async () => {
    const customerId = await customer();
    await door.call('ledger.grant', grantOf(customerId, { amount: 10 }));
    const { transaction } = await door.call('ledger.adjustDown', {
      customerId,
      amount: 10,
      idempotencyKey: randomUUID(),
      ...reason,
    });
    const act = { customerId, transactionId: transaction.id, amount: null };
    const preview = await door.call('ledger.preview', { act: 'reverse', ...act });
    expect(preview.grants).toMatchObject([{ remainingBefore: 0, remainingAfter: 10 }]);
    const { balance } = await door.call('ledger.reverse', {
      ...act,
      idempotencyKey: randomUUID(),
      ...reason,
    });
    expect(balance).toEqual(preview.after);
  });

  it('tells what else would be posted: credits that are due to expire', async () => {
    const customerId = await customer();
    await door.call('ledger.grant', grantOf(customerId, { amount: 10 }));
    await door.call(
      'ledger.grant',
      grantOf(customerId, { amount: 7, expiresAt: '2099-01-01T00:00:00.000Z' }),
    );
    await database.pool.query(
      `UPDATE credits.credit_grants SET expires_at = now() - interval '1 minute' WHERE customer_id = $1 AND expires_at IS NOT NULL`,
      [customerId],
    );
    await database.pool.query(
      `UPDATE credits.accounts SET next_due_at = now() - interval '1 minute' WHERE customer_id = $1`,
      [customerId],
    );
    const preview = await door.call('ledger.preview', { act: 'adjustDown', customerId, amount: 1 });
    expect(preview.alsoPosts).toEqual([{ type: 'expire', amount: -7 }]);
    expect(preview.before).toMatchObject({ balance: 17, available: 10 });
    expect(preview.after).toMatchObject({ balance: 9, available: 9 });
  });

  it('of an extension and of a released hold show what changes', async () => {
    const customerId = await customer();
    await door.call(
      'ledger.grant',
      grantOf(customerId, { amount: 7, expiresAt: '2098-01-01T00:00:00.000Z' }),
    );
    const { openGrants } = await door.call('customers.credits', { customerId });
    const preview = await door.call('ledger.preview', {
      act: 'extendGrant',
      customerId,
      grantId: openGrants[0]?.id ?? '',
      expiresAt: '2099-01-01T00:00:00.000Z',
    });
    expect(preview.grants).toMatchObject([
      {
        remainingBefore: 7,
        remainingAfter: 7,
        expiresAtBefore: '2098-01-01T00:00:00.000Z',
        expiresAtAfter: '2099-01-01T00:00:00.000Z',
      },
    ]);
    const { rows } = await database.pool.query(
      `SELECT id::text FROM credits.hold_credits($1, 5, 'Working')`,
      [customerId],
    );
    const released = await door.call('ledger.preview', {
      act: 'releaseHold',
      customerId,
      holdId: rows[0].id,
    });
    expect([released.before.available, released.after.available]).toEqual([2, 7]);
    expect(released.grants).toEqual([]);
  });

  it('fails as the act itself would', async () => {
    const customerId = await customer();
    await expect(
      door.call('ledger.preview', { act: 'adjustDown', customerId, amount: 5 }),
    ).rejects.toMatchObject({ code: 'insufficient_credits', details: { available: 0 } });
  });
});

describe('who may act', () => {
  it('somebody who may only read sees everything and posts nothing', async () => {
    const reader = await openConsoleDoor({ url: database.urlFor('test_reader') });
    try {
      const customerId = await customer();
      await door.call('ledger.grant', grantOf(customerId));
      expect((await reader.call('customers.get', { customerId })).balance.balance).toBe(100);
      const keyed = { idempotencyKey: randomUUID(), ...reason };
      for (const attempt of [
        () => reader.call('ledger.grant', grantOf(customerId)),
        () => reader.call('ledger.adjustDown', { customerId, amount: 1, ...keyed }),
        () => reader.call('ledger.preview', { act: 'adjustDown', customerId, amount: 1 }),
        () => reader.call('customers.addNote', { customerId, text: 'Hello' }),
        () => reader.call('customers.ensure', { id: 'new' }),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'not_permitted' });
      }
      expect(await transactionsOf(customerId)).toHaveLength(1);
    } finally {
      await reader.close();
    }
  });

  it('on a production connection nothing is posted unconfirmed', async () => {
    const production = await openConsoleDoor({
      url: database.urlFor('test_support'),
      environment: 'production',
    });
    try {
      const customerId = await customer();
      const input = grantOf(customerId);
      await expect(production.call('ledger.grant', input)).rejects.toMatchObject({
        code: 'confirmation_required',
      });
      expect(await transactionsOf(customerId)).toEqual([]);
      await production.call('ledger.grant', { ...input, confirmedProduction: true });
      expect(await transactionsOf(customerId)).toHaveLength(1);
    } finally {
      await production.close();
    }
  });
});

describe('a connection that is lost', () => {
  let proxy: TcpProxy;
  let through: ConsoleDoor;

  beforeAll(async () => {
    const url = database.urlFor('test_support');
    proxy = await startTcpProxy({ port: Number(new URL(url).port) });
    through = await openConsoleDoor({ url: proxy.urlThrough(url) });
  });
  afterEach(healNetwork);
  afterAll(async () => {
    await through.close();
    await proxy.close();
  });

  /** Does something to the connection on which this text is sent, as it is sent. */
  function when(text: string, act: (connection: TcpProxy['connections'][number]) => void) {
    const watch = (connection: TcpProxy['connections'][number]) => {
      connection.onClientData = (data) => {
        if (data.includes(text)) act(connection);
      };
    };
    for (const connection of proxy.connections) watch(connection);
    proxy.onConnection = watch;
  }

  it('after the commit was sent leaves the outcome unknown; the same key finds it, once', async () => {
    const customerId = await customer();
    const input = grantOf(customerId);
    when('COMMIT', (connection) => void connection.loseAnswer());
    await expect(through.call('ledger.grant', input)).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    const posted = await transactionsOf(customerId);
    expect(posted).toHaveLength(1);
    healNetwork();
    const again = await through.call('ledger.grant', input);
    expect(again.transaction.id).toBe(posted[0].id);
    expect(again.balance.balance).toBe(100);
    expect(await transactionsOf(customerId)).toHaveLength(1);
    expect(through.events.filter((event) => event.type === 'ledger.changed')).toContainEqual({
      type: 'ledger.changed',
      customerId,
    });
  });

  it('while the posting was under way leaves it unknown; the same key posts it, once', async () => {
    const customerId = await customer();
    const input = grantOf(customerId);
    when(input.idempotencyKey, (connection) => connection.cut());
    await expect(through.call('ledger.grant', input)).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    healNetwork();
    await through.call('ledger.grant', input);
    expect(await transactionsOf(customerId)).toHaveLength(1);
  });

  it('before anything was sent is no posting, and says so', async () => {
    const customerId = await customer();
    when('BEGIN', (connection) => connection.cut());
    await expect(through.call('ledger.grant', grantOf(customerId))).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    healNetwork();
    expect(await transactionsOf(customerId)).toEqual([]);
  });

  it('while it was being made is no posting either', async () => {
    const customerId = await customer();
    for (const connection of proxy.connections) connection.cut();
    proxy.onConnection = (connection) => connection.cut();
    await expect(through.call('ledger.grant', grantOf(customerId))).rejects.toMatchObject({
      code: 'database_unavailable',
    });
    healNetwork();
    expect(await transactionsOf(customerId)).toEqual([]);
  });

  it('under an export is told as that, not as an open outcome', async () => {
    const target = queryTargetOn(proxy.urlThrough(database.urlFor('test_support')));
    when('FETCH', (connection) => connection.cut());
    await expect(
      writeTransactionsCsv(target, { filter: {}, timeZone: 'UTC', write: async () => undefined }),
    ).rejects.toMatchObject({ code: 'database_unavailable' });
    healNetwork();
    await target.pool.end();
  });

  it('under a preview is no posting either', async () => {
    const customerId = await customer();
    when('add_credits', (connection) => connection.cut());
    await expect(
      through.call('ledger.preview', {
        act: 'grant',
        customerId,
        type: 'bonus',
        amount: 40,
        expiresAt: null,
        priority: 100,
      }),
    ).rejects.toMatchObject({ code: 'database_unavailable' });
    healNetwork();
    expect(await transactionsOf(customerId)).toEqual([]);
  });

  function healNetwork() {
    for (const connection of proxy.connections) connection.onClientData = undefined;
    proxy.onConnection = undefined;
  }
});

describe('other work that holds the account', () => {
  it('does not keep the form waiting for ever, and nothing is posted', async () => {
    const customerId = await customer();
    const other = await database.connect();
    await other.query('BEGIN');
    await other.query('SELECT FROM credits.accounts WHERE customer_id = $1 FOR UPDATE', [
      customerId,
    ]);
    // The console's own limit is 15 seconds.
    const pool = new pg.Pool({ connectionString: database.ownerUrl, lock_timeout: 100 });
    const kysely = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
    try {
      await expect(
        postMovement(
          { pool, kysely },
          { actor: 'Ada', note: 'Waiting' },
          { act: 'adjustDown', customerId, amount: 1 },
          randomUUID(),
        ),
      ).rejects.toMatchObject({
        code: 'database_unavailable',
        message: expect.stringContaining('nothing was changed'),
      });
    } finally {
      await other.query('ROLLBACK');
      await pool.end();
    }
    expect(await transactionsOf(customerId)).toEqual([]);
  });
});
