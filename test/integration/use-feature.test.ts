import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type HeldCredits, type OnError, useFeature } from '#main/middleware/middleware.ts';
import {
  type CreditsServiceWorld,
  openCreditsServiceWorld,
} from '#test/support/credits-service-world.ts';

let world: CreditsServiceWorld;

beforeAll(async () => {
  world = await openCreditsServiceWorld();
});
afterAll(() => world.close());
afterEach(() => {
  world.network.isDown = false;
});

describe('useFeature', () => {
  it('holds, works, captures, and returns what the work returned', async () => {
    const customerId = await world.customer(30);

    const result = await useFeature(
      world.client,
      { customerId, feature: 'advanced_search', quantity: 2, description: 'Search for ships' },
      async ({ amount }) => ({ amount, during: await world.ledgerOf(customerId) }),
    );

    expect(result).toMatchObject({ amount: 10, during: { balance: 30, held: 10 } });
    expect(await world.ledgerOf(customerId)).toMatchObject({ balance: 20, held: 0, paid: [10] });
    const { rows } = await world.database.pool.query(
      `SELECT description, feature, metadata -> 'quantity' AS quantity FROM credits.credit_transactions
       WHERE customer_id = $1 AND transaction_type = 'usage'`,
      [customerId],
    );
    expect(rows).toEqual([
      { description: 'Search for ships', feature: 'advanced_search', quantity: 2 },
    ]);
  });

  it('gives the credits back and throws what the work throws', async () => {
    const customerId = await world.customer(30);
    const failure = new Error('No ships.');

    await expect(
      useFeature(world.client, { customerId, cost: 10 }, () => {
        throw failure;
      }),
    ).rejects.toBe(failure);

    expect(await world.ledgerOf(customerId)).toMatchObject({
      balance: 30,
      held: 0,
      holds: ['released'],
    });
  });

  it('does not begin where credits do not suffice', async () => {
    const customerId = await world.customer(9);
    let worked = 0;

    await expect(
      useFeature(world.client, { customerId, cost: 10 }, () => ++worked),
    ).rejects.toMatchObject({ status: 402, details: { required: 10, available: 9 } });

    expect(worked).toBe(0);
  });

  it('takes less where the work says so, and nothing is held afterwards', async () => {
    const customerId = await world.customer(30);

    await useFeature(world.client, { customerId, cost: 10 }, (credits) => credits.setAmount(4));

    expect(await world.ledgerOf(customerId)).toMatchObject({ balance: 26, held: 0, paid: [4] });
  });

  it('neither works nor takes twice for a job that a queue delivers again', async () => {
    const customerId = await world.customer(30);
    const use = { customerId, cost: 10, idempotencyKey: randomUUID() };
    let worked = 0;
    await useFeature(world.client, use, () => ++worked);

    await expect(useFeature(world.client, use, () => ++worked)).rejects.toMatchObject({
      status: 409,
      code: 'already_processed',
    });

    expect(worked).toBe(1);
    expect((await world.ledgerOf(customerId)).paid).toEqual([10]);
  });

  it('knows its own lost capture by the hold, also where hold and transaction bear the same number', async () => {
    const customerId = await world.customer(1_000);
    const { pool } = world.database;
    const work = () => 'done';
    // The ids are counted apart. Bring them together: the next hold and the transaction that captures it.
    await pool.query(
      `SELECT setval('credits.credit_holds_id_seq', n), setval('credits.credit_transactions_id_seq', n)
       FROM (SELECT 1000 + max(id) AS n FROM credits.credit_transactions) ids`,
    );
    const holdIds: (string | undefined)[] = [];

    world.network.loseAnswer('capture');
    const result = await useFeature(world.client, { customerId, cost: 10 }, ({ holdId }) => {
      holdIds.push(holdId);
      return work();
    });

    const { rows } = await pool.query(
      `SELECT id::text FROM credits.credit_transactions WHERE customer_id = $1 AND amount < 0`,
      [customerId],
    );
    expect(rows.map(({ id }) => id)).toEqual(holdIds);
    expect(result).toBe('done');
    expect((await world.ledgerOf(customerId)).paid).toEqual([10]);
  });

  it('withholds a result that could not be paid for', async () => {
    const customerId = await world.customer(30);
    const told: Parameters<OnError>[1][] = [];
    const work = async ({ holdId }: HeldCredits) => {
      world.network.isDown = true;
      return holdId;
    };

    await expect(
      useFeature(
        world.client,
        { customerId, cost: 10, onError: (_error, about) => told.push(about) },
        work,
      ),
    ).rejects.toMatchObject({ code: 'unreachable', outcomeUnknown: true });

    await expect.poll(() => told).toEqual([{ customerId, holdId: expect.any(String) }]);
    world.network.isDown = false;
    await world.client.release({ customerId, holdId: told[0]?.holdId ?? '' });
  });

  it('throws what the work throws, and warns of the hold, where even the release fails', async () => {
    const customerId = await world.customer(30);
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

    await expect(
      useFeature(world.client, { customerId, cost: 10 }, () => {
        world.network.isDown = true;
        throw new Error('No ships.');
      }),
    ).rejects.toThrow('No ships.');

    const [text, kind] = emitWarning.mock.calls[0] ?? [];
    expect([text, kind]).toEqual([
      expect.stringMatching(
        new RegExp(
          `^The hold [0-9]+ of customer ${customerId} was not settled: .* cannot be reached`,
        ),
      ),
      'CreditsWarning',
    ]);
    world.network.isDown = false;
    const [, holdId = ''] = /The hold ([0-9]+)/.exec(String(text)) ?? [];
    await world.client.release({ customerId, holdId });
  });

  it('throws what it has to also where onError throws, and ends no process by that', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const onError = () => {
      throw new Error('The log is full.');
    };
    const customerId = await world.customer(30);
    const holdIds: (string | undefined)[] = [];
    const lose = (credits: HeldCredits) => {
      holdIds.push(credits.holdId);
      world.network.isDown = true;
    };
    await expect(
      useFeature(world.client, { customerId, cost: 10, onError }, (credits) => {
        lose(credits);
        throw new Error('No ships.');
      }),
    ).rejects.toThrow('No ships.');
    world.network.isDown = false;
    await expect(
      useFeature(world.client, { customerId, cost: 10, onError }, lose),
    ).rejects.toMatchObject({ code: 'unreachable' });
    await expect.poll(() => emitWarning.mock.calls.length).toBe(2);
    expect(emitWarning.mock.calls[0]?.[0]).toContain('The log is full.');
    world.network.isDown = false;
    for (const holdId of holdIds) await world.client.release({ customerId, holdId: holdId ?? '' });
  });

  it('leaves nothing held, and every rule of the ledger standing', async () => {
    const { rows } = await world.database.pool.query(
      'SELECT customer_id FROM credits.accounts WHERE credits_held <> 0',
    );
    expect(rows).toEqual([]);
    expect(await world.violations()).toEqual([]);
  });
});
