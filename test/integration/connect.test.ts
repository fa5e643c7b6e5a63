import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { openDatabase, testConnection } from '#main/database/connect.ts';
import { assertSupportedVersion, checkConnection } from '#main/database/connection-checks.ts';
import { createPool } from '#main/database/pool.ts';
import { AppError, type ErrorCode } from '#shared/errors.ts';
import { TEST_AUTHORITY_FILE, type TestRole } from '#test/support/postgres-server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;
const { port } = inject('postgresServer');

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function failure(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error;
  throw new Error(`Expected an AppError, got ${String(error)}`);
}

async function expectFailure(
  url: string,
  code: ErrorCode,
  text: string | RegExp,
  options: { connectionTimeoutSeconds?: number; allowUnverifiedTls?: boolean } = {},
): Promise<void> {
  const error = await failure(testConnection({ url, ...options }));
  expect(error.message).toMatch(text);
  expect(error.message).toContain('Nothing was changed.');
  expect(error.code).toBe(code);
  const { password } = new URL(url);
  if (password) expect(JSON.stringify(error.details) + error.message).not.toContain(password);
}

function url(changes: Partial<Record<'host' | 'pathname' | 'username' | 'password', string>> = {}) {
  const result = new URL(database.urlFor('test_support'));
  for (const [name, value] of Object.entries(changes)) {
    result[name as 'host' | 'pathname' | 'username' | 'password'] = value;
  }
  return result.href;
}

describe('a connection that cannot be made says why', () => {
  it('when the password is wrong, or missing', async () => {
    await expectFailure(
      url({ password: 'hidden-word' }),
      'database_password',
      'refused the password',
    );
    await expectFailure(url({ password: '' }), 'database_password', 'asks for a password');
  });

  it('and leaves no half-open connection on the server', async () => {
    await failure(testConnection({ url: url({ password: '' }) }));
    const starting = async () =>
      (await database.pool.query("SELECT FROM pg_stat_activity WHERE state = 'starting'")).rowCount;
    await expect.poll(starting).toBe(0);
  });

  it('when the user does not exist', async () => {
    await expectFailure(url({ username: 'nobody_here' }), 'database_password', 'nobody_here');
  });

  it('when the database does not exist', async () => {
    await expectFailure(url({ pathname: '/no_such' }), 'database_not_found', 'no_such');
  });

  it('when the login may not connect to the database', async () => {
    const owner = await database.connect();
    await owner.query(`REVOKE CONNECT ON DATABASE ${database.name} FROM PUBLIC`);
    try {
      await expectFailure(
        database.urlFor('test_nobody'),
        'not_permitted',
        'may not connect to the database',
      );
    } finally {
      await owner.query(`GRANT CONNECT ON DATABASE ${database.name} TO PUBLIC`);
    }
  });

  it('when the login has no connection left', async () => {
    const owner = await database.connect();
    await owner.query(`CREATE ROLE crowded LOGIN PASSWORD 'hidden-word' CONNECTION LIMIT 0`);
    try {
      await expectFailure(
        url({ username: 'crowded', password: 'hidden-word' }),
        'database_unavailable',
        'no connection left',
      );
    } finally {
      await owner.query('DROP ROLE crowded');
    }
  });

  it('when the host has no such name', async () => {
    // .invalid is reserved: no resolver knows it.
    await expectFailure(
      'postgresql://u:hidden-word@db.invalid/d',
      'database_unavailable',
      'no host named db.invalid',
    );
  });

  it('when nothing listens there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port: freed } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await expectFailure(
      `postgresql://u:hidden-word@127.0.0.1:${freed}/d`,
      'database_unavailable',
      'Nothing listens at',
    );
  });
});

describe('an address that is not a usable PostgreSQL server is told apart', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
  });

  async function listen(made: Server): Promise<number> {
    server = made;
    made.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return (made.address() as AddressInfo).port;
  }

  const quick = { connectionTimeoutSeconds: 0.5 };

  it.each(['disable', 'verify-full'])('when it is a web server (sslmode=%s)', async (mode) => {
    const at = await listen(createHttpServer((_request, response) => response.end('hello')));
    await expectFailure(
      `postgresql://u:hidden-word@127.0.0.1:${at}/d?sslmode=${mode}`,
      'not_postgresql',
      'is not PostgreSQL',
      quick,
    );
  });

  it.each(['disable', 'verify-full'])('when it greets like SSH (sslmode=%s)', async (mode) => {
    const at = await listen(createServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')));
    await expectFailure(
      `postgresql://u:hidden-word@127.0.0.1:${at}/d?sslmode=${mode}`,
      'not_postgresql',
      'is not PostgreSQL',
      quick,
    );
  });

  it('when it hangs up without a word', async () => {
    const at = await listen(createServer((socket) => socket.once('data', () => socket.end())));
    await expectFailure(
      `postgresql://u:hidden-word@127.0.0.1:${at}/d`,
      'not_postgresql',
      'not PostgreSQL',
    );
  });

  it('when it accepts and stays silent', async () => {
    const at = await listen(createServer());
    await expectFailure(
      `postgresql://u:hidden-word@127.0.0.1:${at}/d`,
      'database_unavailable',
      'did not answer in time',
      quick,
    );
  });

  it('when it offers no TLS although TLS is demanded', async () => {
    const at = await listen(createServer((socket) => socket.once('data', () => socket.write('N'))));
    await expectFailure(
      `postgresql://u:hidden-word@127.0.0.1:${at}/d?sslmode=verify-full`,
      'database_tls',
      'does not offer TLS',
    );
  });

  it('when it is PostgreSQL 14', async () => {
    expect(() => assertSupportedVersion(140_012, '14.12')).toThrow(
      expect.objectContaining({
        code: 'database_version',
        message: expect.stringContaining('PostgreSQL 14.12; the ledger needs 15 or later'),
      }),
    );
    expect(() => assertSupportedVersion(150_000, '15.0')).not.toThrow();
  });
});

describe('TLS', () => {
  function tlsUrl(host: string, parameters: string): string {
    return `${url({ host: `${host}:${port}` })}?${parameters}`;
  }
  const authority = `sslrootcert=${encodeURIComponent(TEST_AUTHORITY_FILE)}`;

  it('is used and verified against the given authority', async () => {
    const report = await testConnection({
      url: tlsUrl('localhost', `sslmode=verify-full&${authority}`),
    });
    expect(report.tls).toEqual({
      encrypted: true,
      version: expect.stringMatching(/^TLSv1\.[23]$/),
    });
  });

  it('fails with a certificate of an authority nobody knows', async () => {
    await expectFailure(
      tlsUrl('localhost', 'sslmode=verify-full'),
      'database_tls',
      'could not be verified',
    );
  });

  it('fails with a certificate for another host', async () => {
    await expectFailure(
      tlsUrl('127.0.0.1', `sslmode=verify-full&${authority}`),
      'database_tls',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('without verification still encrypts', async () => {
    const report = await testConnection({ url: tlsUrl('localhost', 'sslmode=require') });
    expect(report.tls.encrypted).toBe(true);
  });

  it.skipIf(process.platform === 'win32').each([
    ['require', 'TLS is not verified'],
    ['disable', 'is not encrypted'],
  ])(
    'weaker than verified is refused, or warned of when allowed (sslmode=%s)',
    async (mode, warning) => {
      // Not one of this computer's loopback addresses, yet the system leads it there.
      const remote = tlsUrl('0.0.0.0', `sslmode=${mode}`);
      const error = await failure(testConnection({ url: remote }));
      expect(error.code).toBe('invalid_argument');
      const report = await testConnection({ url: remote, allowUnverifiedTls: true });
      expect(report.warnings.join('\n')).toContain(warning);
    },
  );

  it('says which certificate file cannot be read', async () => {
    const error = await failure(
      testConnection({ url: tlsUrl('localhost', 'sslmode=verify-full&sslrootcert=/no/such.pem') }),
    );
    expect(error.code).toBe('file_error');
    expect(error.message).toContain('/no/such.pem');
  });
});

describe('the check of a connection', () => {
  const report = (role?: TestRole) =>
    testConnection({ url: role ? database.urlFor(role) : database.ownerUrl });

  it('reports server, durability, role and the state of the ledger', async () => {
    const support = await report('test_support');
    expect(support).toMatchObject({
      serverVersion: expect.stringMatching(/^18\.\d+$/),
      // The test server runs without fsync, which is just what the check must find.
      fsync: false,
      fullPageWrites: false,
      synchronousCommit: 'on',
      readOnly: false,
      role: 'test_support',
      isSuperuser: false,
      memberOf: { reader: true, support: true, service: false, admin: false },
      schema: 'current',
      canMigrate: false,
      tls: { encrypted: false, version: null },
    });
    expect(support.warnings.map((text) => text.split(' ')[0])).toEqual([
      'fsync',
      'full_page_writes',
    ]);
    expect(support.roundTripMs).toBeGreaterThan(0);
  });

  it('knows which functions each role may execute', async () => {
    const [reader, support, service, admin] = await Promise.all([
      report('test_reader'),
      report('test_support'),
      report('test_service'),
      report('test_admin'),
    ]);
    expect(reader?.executableFunctions).not.toContain('adjust_credits');
    expect(support?.executableFunctions).toContain('adjust_credits');
    expect(support?.executableFunctions).toContain('reverse_transaction');
    expect(service?.executableFunctions).toContain('deduct_credits');
    expect(service?.executableFunctions).not.toContain('add_credits');
    expect(admin?.executableFunctions).toEqual(
      expect.arrayContaining(['add_credits', 'adjust_credits', 'claw_back', 'expire_credits']),
    );
    expect(admin?.memberOf).toEqual({ reader: true, support: true, service: true, admin: true });
  });

  it('tells a login without any right on the ledger so', async () => {
    const error = await failure(report('test_nobody'));
    expect(error.code).toBe('not_permitted');
    expect(error.message).toContain('"test_nobody" may not read it');
  });

  it('finds the ledger missing in another database, and who could install it', async () => {
    const empty = new URL(database.ownerUrl);
    empty.pathname = '/postgres';
    const owner = await testConnection({ url: empty.href });
    expect(owner).toMatchObject({ schema: 'missing', canMigrate: true, isSuperuser: true });
    expect(owner.executableFunctions).toEqual([]);
    expect(owner.warnings.join(' ')).toContain('superuser');

    empty.username = 'test_nobody';
    empty.password = inject('postgresServer').rolePassword;
    const nobody = await testConnection({ url: empty.href });
    expect(nobody).toMatchObject({ schema: 'missing', canMigrate: false });
  });

  it('warns of a role whose commits are not durable, and of a read-only database', async () => {
    const owner = await database.connect();
    await owner.query(
      `ALTER ROLE test_support IN DATABASE ${database.name} SET synchronous_commit = off`,
    );
    await owner.query(
      `ALTER ROLE test_support IN DATABASE ${database.name} SET default_transaction_read_only = on`,
    );
    try {
      const support = await report('test_support');
      expect(support).toMatchObject({ synchronousCommit: 'off', readOnly: true });
      expect(support.warnings.join('\n')).toMatch(/synchronous_commit is off.*read-only/s);
    } finally {
      await owner.query(`ALTER ROLE test_support IN DATABASE ${database.name} RESET ALL`);
    }
  });

  it('works on a pool of one connection', async () => {
    const pool = createPool({ url: database.urlFor('test_admin'), max: 1 });
    try {
      expect((await checkConnection(pool)).role).toBe('test_admin');
    } finally {
      await pool.end();
    }
  });
});

describe('the pool', () => {
  it('gives every session the actor, UTC, durable commits and limits', async () => {
    const pool = await openDatabase({
      url: database.urlFor('test_support'),
      actor: `ana "o'neil" -c fsync=off \\ ü`,
      max: 3,
    });
    try {
      const settings = `SELECT pg_backend_pid() AS pid, current_setting('credits.actor') AS actor,
        current_setting('TimeZone') AS zone, current_setting('synchronous_commit') AS durable,
        current_setting('statement_timeout') AS statement, current_setting('application_name') AS name
        FROM pg_sleep(0.05)`;
      const results = await Promise.all([1, 2, 3].map(() => pool.query(settings)));
      expect(new Set(results.map(({ rows }) => rows[0].pid)).size).toBe(3);
      for (const { rows } of results) {
        expect(rows[0]).toMatchObject({
          actor: `ana "o'neil" -c fsync=off \\ ü`,
          zone: 'UTC',
          durable: 'on',
          statement: '1min',
          name: 'credit-console',
        });
      }
    } finally {
      await pool.end();
    }
  });

  it.each(['', '  ', 'a\nb', 'a\u202eb', 'x'.repeat(201)])(
    'refuses %j as the name of who acts',
    (actor) => {
      expect(() => createPool({ url: database.urlFor('test_support'), actor })).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      );
    },
  );

  it('gives bigint as a number within the safe range and throws beyond it; days stay text', async () => {
    const pool = createPool({ url: database.urlFor('test_support') });
    try {
      const { rows } = await pool.query(
        `SELECT 9007199254740991::bigint AS big, '{1,NULL,-2}'::bigint[] AS list, '{}'::bigint[] AS none,
                '2026-03-29'::date AS day, 1.50::numeric AS exact`,
      );
      expect(rows[0]).toEqual({
        big: Number.MAX_SAFE_INTEGER,
        list: [1, null, -2],
        none: [],
        day: '2026-03-29',
        exact: '1.50',
      });
      await expect(pool.query('SELECT -9007199254740992::bigint')).rejects.toThrow('safe range');
      await expect(pool.query("SELECT '{9007199254740992}'::bigint[]")).rejects.toThrow(
        'safe range',
      );
    } finally {
      await pool.end();
    }
  });

  it('lives on when an idle connection is cut', async () => {
    const log: string[] = [];
    const pool = createPool({
      url: database.urlFor('test_support'),
      log: (message) => log.push(message),
    });
    try {
      const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
      const lost = new Promise((resolve) => pool.once('remove', resolve));
      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      await lost;
      expect(log[0]).toContain('idle database connection was lost');
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    } finally {
      await pool.end();
    }
  });
});
