import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const ROLES = ['credits_reader', 'credits_support', 'credits_service', 'credits_admin', 'public'];

/** Role × object × privilege, as the server itself sees it: memberships and PUBLIC included. */
async function privilegeMatrix() {
  // Nobody is a role with no grant of its own: what it may do is what PUBLIC may do.
  await database.pool.query(
    'DO $$ BEGIN CREATE ROLE credits_test_public NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  );
  const { rows } = await database.pool.query(`
    WITH role AS (SELECT * FROM (VALUES ('credits_reader'), ('credits_support'), ('credits_service'), ('credits_admin'),
      ('credits_test_public')) AS r (name)),
    object AS (
      SELECT 'schema credits' AS name, r.name AS role,
        array_remove(ARRAY[
          CASE WHEN has_schema_privilege(r.name, 'credits', 'USAGE') THEN 'USAGE' END,
          CASE WHEN has_schema_privilege(r.name, 'credits', 'CREATE') THEN 'CREATE' END], NULL) AS privileges
      FROM role r
      UNION ALL
      SELECT 'table ' || c.relname, r.name, array_remove(ARRAY(
        SELECT CASE WHEN has_table_privilege(r.name, c.oid, p) THEN p END
        FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p), NULL)
      FROM role r, pg_class c WHERE c.relnamespace = 'credits'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
      UNION ALL
      SELECT 'sequence ' || c.relname, r.name, array_remove(ARRAY(
        SELECT CASE WHEN has_sequence_privilege(r.name, c.oid, p) THEN p END
        FROM unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) p), NULL)
      FROM role r, pg_class c WHERE c.relnamespace = 'credits'::regnamespace AND c.relkind = 'S'
      UNION ALL
      SELECT 'function ' || f.proname, r.name, CASE WHEN has_function_privilege(r.name, f.oid, 'EXECUTE') THEN ARRAY['EXECUTE'] ELSE '{}' END
      FROM role r, pg_proc f WHERE f.pronamespace = 'credits'::regnamespace AND f.prorettype <> 'trigger'::regtype
    )
    SELECT o.name, o.role, array_to_string(o.privileges, ' ') AS privileges FROM object o ORDER BY o.name, o.role`);
  const matrix = new Map<string, Record<string, string>>();
  for (const row of rows) {
    const role = row.role === 'credits_test_public' ? 'public' : row.role;
    matrix.set(row.name, { ...matrix.get(row.name), [role]: row.privileges });
  }
  return [...matrix]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, byRole]) =>
        `${name.padEnd(44)} ${ROLES.map((role) => `${role.replace('credits_', '')}: ${byRole[role] || '–'}`).join(' | ')}`,
    );
}

describe('privileges', () => {
  it('are exactly the matrix of role, object and privilege', async () => {
    await expect(`${(await privilegeMatrix()).join('\n')}\n`).toMatchFileSnapshot(
      './privileges.snapshot.txt',
    );
  });

  it('leave no table of the ledger writable by any role but the owner', async () => {
    const lines = await privilegeMatrix();
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter((line) => /INSERT|UPDATE|DELETE|TRUNCATE|CREATE/.test(line))).toEqual([]);
  });

  it('make every function that others may call run as the owner with a fixed search_path', async () => {
    const { rows } = await database.pool.query(`
      SELECT f.proname, f.prosecdef, f.proconfig, pg_get_userbyid(f.proowner) AS owner
      FROM pg_proc f WHERE f.pronamespace = 'credits'::regnamespace
        AND (has_function_privilege('credits_admin', f.oid, 'EXECUTE'))`);
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) {
      expect(row, row.proname).toMatchObject({ prosecdef: true, owner: 'credits_owner' });
      expect(row.proconfig, row.proname).toContain('search_path=pg_catalog, credits, pg_temp');
    }
  });

  it('give the owner no way to log in', async () => {
    const { rows } = await database.pool.query(
      "SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname LIKE 'credits\\_%'",
    );
    expect(rows.length).toBeGreaterThanOrEqual(5);
    for (const row of rows) expect(row).toMatchObject({ rolcanlogin: false, rolsuper: false });
  });

  it('let support grant a bonus but not invent a purchase', async () => {
    const support = await database.connect('test_support');
    await support.query("SELECT * FROM credits.ensure_customer('a')");
    await support.query("SELECT * FROM credits.add_credits('a', 10, 'bonus', 'sorry')");
    await expect(
      support.query("SELECT * FROM credits.add_credits('a', 10, 'purchase', 'free money')"),
    ).rejects.toMatchObject({
      code: 'CR403',
      message: 'not_permitted',
      detail: '{"needs": "credits_admin"}',
    });
  });

  it('let a back end spend but not grant, and a reader look but not touch', async () => {
    const service = await database.connect('test_service');
    await service.query("SELECT * FROM credits.ensure_customer('b')");
    for (const sql of [
      "SELECT * FROM credits.add_credits('b', 10, 'bonus', 'gift')",
      "SELECT * FROM credits.adjust_credits('b', 10, 'gift')",
      "SELECT * FROM credits.reverse_transaction('b', 1, 'gift')",
      'SELECT * FROM credits.credit_transactions',
      'SELECT credits.expire_credits()',
    ]) {
      await expect(service.query(sql), sql).rejects.toMatchObject({ code: '42501' });
    }
    const reader = await database.connect('test_reader');
    expect((await reader.query("SELECT * FROM credits.get_balance('b')")).rows).toHaveLength(1);
    for (const sql of [
      "SELECT * FROM credits.deduct_credits('b', 1, 'work')",
      "SELECT * FROM credits.add_credits('b', 10, 'bonus', 'gift')",
      "SELECT * FROM credits.post_credit('b', 10, 'bonus', 'gift', null, null, null, null, 100, '{}')",
      "UPDATE credits.accounts SET credits_balance = 1000 WHERE customer_id = 'b'",
      'DELETE FROM credits.credit_transactions',
    ]) {
      await expect(reader.query(sql), sql).rejects.toMatchObject({ code: '42501' });
    }
    const nobody = await database.connect('test_nobody');
    await expect(nobody.query('SELECT * FROM credits.customers')).rejects.toMatchObject({
      code: '42501',
    });
  });
});

describe('rows of the log', () => {
  const changes = [
    "UPDATE credits.credit_transactions SET amount = 1000 WHERE customer_id = 'c'",
    "DELETE FROM credits.credit_transactions WHERE customer_id = 'c'",
    'TRUNCATE credits.credit_transactions',
  ];

  it.each(changes)('refuse even the superuser: %s', async (sql) => {
    const superuser = await database.connect();
    await superuser.query("SELECT * FROM credits.ensure_customer('c')");
    await superuser.query("SELECT * FROM credits.add_credits('c', 10, 'bonus', 'gift')");
    await expect(superuser.query(sql)).rejects.toMatchObject({ code: 'CR403' });
    await superuser.query('SET session_replication_role = replica');
    await expect(superuser.query(sql)).rejects.toMatchObject({ code: 'CR403' });
    const { rows } = await superuser.query(
      "SELECT sum(amount)::int AS balance FROM credits.credit_transactions WHERE customer_id = 'c'",
    );
    expect(rows[0].balance).toBeGreaterThan(0);
    await superuser.end();
  });
});
