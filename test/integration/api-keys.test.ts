import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isKeyText } from '#main/api-keys/key-text.ts';
import { listKeys } from '#main/api-keys/list-keys.ts';
import { makeKey } from '#main/api-keys/make-key.ts';
import { revokeKey } from '#main/api-keys/revoke-key.ts';
import { updateKey } from '#main/api-keys/update-key.ts';
import { runCli } from '#main/cli.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { queryTargetOn } from '#test/support/query-target.ts';
import { startTestService } from '#test/support/service.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
let admin: QueryTarget;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = queryTargetOn(database.urlFor('test_admin'));
  await database.pool.query("SELECT credits.ensure_customer('ann')");
});
afterAll(async () => {
  await admin.pool.end();
  await database.drop();
});

const rights = { name: 'shop', scopes: ['read', 'use'], requestsPerSecond: 50 } as const;

/** Runs a command in this process as admin of the ledger. */
async function cli(words: string[], url = database.urlFor('test_admin')) {
  let output = '';
  let error = '';
  const exitCode = await runCli({
    arguments: words,
    environment: { CREDIT_CONSOLE_DATABASE_URL: url },
    writeOutput: async (text) => {
      output += text;
    },
    writeError: (text) => {
      error += text;
    },
    showsProgress: false,
    signal: new AbortController().signal,
  });
  return { exitCode, output, error };
}

describe('a key', () => {
  it('is seen once: the database keeps its hash and its first letters', async () => {
    const { key, apiKey } = await makeKey(admin, 'ann', rights);
    expect(key).toMatch(/^cck_[A-Za-z0-9_-]{43}$/);
    expect(isKeyText(key)).toBe(true);
    expect(apiKey).toEqual({
      id: expect.any(String),
      name: 'shop',
      prefix: key.slice(0, 12),
      scopes: ['read', 'use'],
      requestsPerSecond: 50,
      createdAt: expect.any(String),
      createdBy: 'ann',
      revokedAt: null,
      revokedBy: null,
      lastUsedAt: null,
    });
    const { rows } = await database.pool.query(
      'SELECT to_jsonb(k)::text AS all, key_hash FROM credits_billing.api_keys k WHERE id = $1',
      [apiKey.id],
    );
    expect(rows[0].key_hash).toEqual(createHash('sha256').update(key).digest());
    expect(rows[0].all).not.toContain(key.slice(12));
    expect((await makeKey(admin, 'ann', rights)).key).not.toBe(key);
  });

  it('is changed while it is in use, and revoked for good', async () => {
    const { apiKey } = await makeKey(admin, 'ann', rights);
    const changed = { name: 'billing', scopes: ['report'], requestsPerSecond: 7 } as const;
    expect(await updateKey(admin, 'bob', { id: apiKey.id, ...changed })).toEqual({
      ...apiKey,
      ...changed,
    });
    const revoked = await revokeKey(admin, 'bob', apiKey.id);
    expect(revoked).toMatchObject({ revokedBy: 'bob', revokedAt: expect.any(String) });
    // A second time changes nothing, and forgets nobody.
    expect(await revokeKey(admin, 'carol', apiKey.id)).toEqual(revoked);
    await expect(updateKey(admin, 'bob', { id: apiKey.id, ...rights })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      revokeKey(admin, 'bob', '00000000-0000-4000-8000-000000000000'),
    ).rejects.toMatchObject({ code: 'not_found' });
    const keys = await listKeys(admin);
    expect(keys.at(-1)?.id).toBe(apiKey.id);
    expect(keys[0]?.revokedAt).toBeNull();
  });

  it('is made and revoked by admins alone; a reader sees the list', async () => {
    const { apiKey } = await makeKey(admin, 'ann', rights);
    for (const role of ['test_support', 'test_service', 'test_reader'] as const) {
      const target = queryTargetOn(database.urlFor(role));
      try {
        await expect(makeKey(target, role, rights)).rejects.toMatchObject({ code: '42501' });
        await expect(revokeKey(target, role, apiKey.id)).rejects.toMatchObject({ code: '42501' });
        if (role !== 'test_service') {
          expect((await listKeys(target)).map(({ id }) => id)).toContain(apiKey.id);
        }
      } finally {
        await target.pool.end();
      }
    }
  });
});

describe('a service', () => {
  it('follows what becomes of a key, and notes its last use', async () => {
    const service = await startTestService(database, { rememberKeysMs: 50 });
    const ask = async (key: string, method = 'GET', path = '/balance') => {
      const response = await fetch(`${service.url}/v1/customers/ann${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(method === 'GET' ? {} : { body: '{}' }),
      });
      await response.arrayBuffer();
      return response.status;
    };
    try {
      const { key, apiKey } = await makeKey(admin, 'ann', rights);
      expect(await ask(key)).toBe(200);
      const lastUsed = async () =>
        (await listKeys(admin)).find(({ id }) => id === apiKey.id)?.lastUsedAt;
      await expect.poll(lastUsed).toBeTruthy();
      const first = await lastUsed();
      expect(await ask(key)).toBe(200);
      expect(await lastUsed()).toBe(first);

      expect(await ask(key, 'PUT', '')).toBe(403);
      await updateKey(admin, 'ann', { id: apiKey.id, ...rights, scopes: ['read', 'customers'] });
      await expect.poll(() => ask(key, 'PUT', '')).toBe(200);

      await revokeKey(admin, 'ann', apiKey.id);
      await expect.poll(() => ask(key)).toBe(401);
    } finally {
      await service.close();
    }
  });

  it('remembers a key for a while, so that a request is one question to the database', async () => {
    const service = await startTestService(database, { rememberKeysMs: 60_000 });
    const headers = { authorization: `Bearer ${service.key}` };
    const ask = async () =>
      (await fetch(`${service.url}/v1/customers/ann/balance`, { headers })).status;
    try {
      expect(await ask()).toBe(200);
      await service.revokeKey(service.keyId);
      expect(await ask()).toBe(200);
    } finally {
      await service.close();
    }
  });
});

describe('the commands', () => {
  it('make a key, list it and revoke it, for people and for programs', async () => {
    const made = await cli(['api-key', 'create', '--name', 'from a terminal']);
    expect(made).toMatchObject({ exitCode: 0, error: '' });
    const [key = ''] = made.output.split('\n');
    expect(isKeyText(key)).toBe(true);
    expect(made.output).toContain('Scopes  read, use, report\n');

    const json = await cli([
      ...['api-key', 'create', '--name', 'shop', '--scopes', 'use, customers'],
      ...['--requests-per-second', '1,000', '--json'],
    ]);
    const data = JSON.parse(json.output);
    expect(data).toMatchObject({
      key: expect.stringMatching(/^cck_/),
      name: 'shop',
      scopes: ['use', 'customers'],
      requestsPerSecond: 1_000,
    });

    const list = await cli(['api-key', 'list']);
    expect(list.output).toContain(
      `${key.slice(0, 12)}…  from a terminal  read,use,report  1000/s  never used`,
    );
    expect(list.output).not.toContain(key.slice(12));
    const revoked = await cli(['api-key', 'revoke', data.id]);
    expect(revoked).toMatchObject({ exitCode: 0, output: expect.stringContaining('was revoked') });
    const listed = JSON.parse((await cli(['api-key', 'list', '--json'])).output);
    expect(listed.keys.find(({ id }: { id: string }) => id === data.id).revokedAt).toBeTruthy();
    expect(JSON.stringify(listed)).not.toContain(data.key);
  });

  it.each([
    [['create']],
    [['create', '--name', '']],
    [['create', '--name', 'x'.repeat(101)]],
    [['create', '--name', 'a\u0007']],
    [['create', '--name', 'x', '--scopes', 'grant']],
    [['create', '--name', 'x', '--scopes', 'use,use']],
    [['create', '--name', 'x', '--scopes', '']],
    [['create', '--name', 'x', '--requests-per-second', '0']],
    [['create', '--name', 'x', '--requests-per-second', '100001']],
    [['revoke']],
    [['revoke', 'shop']],
  ])('refuse %j as usage', async (words) => {
    expect(await cli(['api-key', ...words])).toMatchObject({ exitCode: 2, output: '' });
  });

  it('say what they may not do, and what is not there', async () => {
    expect(
      await cli(['api-key', 'create', '--name', 'x'], database.urlFor('test_support')),
    ).toMatchObject({ exitCode: 1, error: expect.stringMatching(/^not_permitted: /) });
    expect(await cli(['api-key', 'revoke', '00000000-0000-4000-8000-000000000000'])).toMatchObject({
      exitCode: 1,
      error: expect.stringMatching(/^not_found: /),
    });
  });
});
