import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { PostgresDialect as GeneratorDialect, generate } from 'kysely-codegen';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';

const ROOT = path.join(import.meta.dirname, '../..');

describe('the types of the tables', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('are those of the migrated database (after a new migration: run this file with -u)', async () => {
    const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: database.pool }) });
    const types = await generate({
      db: kysely,
      dialect: new GeneratorDialect({ defaultSchemas: ['public'] }),
      includePattern: '{credits,credits_billing}.*',
      excludePattern: 'credits.schema_*',
      outFile: null,
      runtimeEnums: false,
      singularize: false,
      // bigint holds credits and counts, which fit; ids are selected as text. xid8 never leaves the database.
      typeMapping: { int8: 'number', timestamptz: 'Date', date: 'string', xid8: 'string' },
    });
    const formatted = execFileSync(
      path.join(ROOT, 'node_modules/.bin/biome'),
      ['format', '--stdin-file-path=src-main/database/tables/generated.ts'],
      { cwd: ROOT, input: types, encoding: 'utf8' },
    );
    await expect(formatted).toMatchFileSnapshot(
      path.join(ROOT, 'src-main/database/tables/generated.ts'),
    );
  });
});
