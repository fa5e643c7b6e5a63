import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileLog } from '#main/logging/file-log.ts';
import { createLog } from '#main/logging/log.ts';

function logged(message: string, details?: unknown): string {
  const lines: string[] = [];
  createLog((line) => lines.push(line)).error(message, details);
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

describe('a log line', () => {
  it.each([
    'connecting to postgresql://ada:s3cret@db.example/credits failed',
    'connecting to postgres://ada:s3cret@db.example failed, then postgresql://bob:s3cret@db',
    'host=db password=s3cret user=ada',
    `host=db password='s3cret' user=ada`,
    '{"password":"s3cret","user":"ada"}',
    'PGPASSWORD=s3cret psql',
    'token: s3cret',
  ])('does not hold the password of: %s', (text) => {
    expect(logged(text)).not.toContain('s3cret');
    expect(logged('x', { text, nested: [{ text }] })).not.toContain('s3cret');
    expect(logged('x', new Error(text, { cause: new Error(text) }))).not.toContain('s3cret');
  });

  it.each([
    'Invalid API Key provided: sk_test_51HabcS3cretS3cret',
    'Authorization: Bearer rk_live_51HabcS3cretS3cret',
    'STRIPE_API_KEY=sk_live_51HabcS3cretS3cret npm run cli',
    '{"key":"rk_test_51HabcS3cretS3cret"}',
    'key_sk_test_51HabcS3cretS3cret, and http://x/?k=sk_test_S3cret&y=%20sk_org_live_S3cret',
    'signed with whsec_abcS3cretS3cret+/S3cret=',
    'client secret pi_3Qabc_secret_S3cretS3cret of a payment, ek_test_S3cret',
  ])('does not hold the Stripe secret of: %s', (text) => {
    expect(logged(text)).not.toContain('S3cret');
    expect(logged('x', { text, nested: [{ [text]: text }] })).not.toContain('S3cret');
    expect(logged('x', new Error(text, { cause: new Error(text) }))).not.toContain('S3cret');
  });

  it('keeps the ids of Stripe’s objects, which find the fault', () => {
    const text =
      'cs_test_a1B2, pi_3Q, evt_1Q, acct_1Q, req_1Q and a key that begins with sk_test_ …';
    expect(logged(text)).toContain(text);
  });

  it('does not hold what lies under a name that says it is secret', () => {
    const details = {
      password: 's3cret',
      deep: { PGPASSWORD: 's3cret', apiKey: 's3cret' },
      user: 'ada',
    };
    const line = logged('x', details);
    expect(line).not.toContain('s3cret');
    expect(line).toContain('ada');
  });

  it('keeps what finds the fault: message, SQLSTATE, stack and cause', () => {
    const error = Object.assign(new Error('boom', { cause: new Error('root') }), { code: '42P01' });
    const line = logged('failed', error);
    expect(line).toContain('boom');
    expect(line).toContain('42P01');
    expect(line).toContain('root');
    expect(line).toContain('log-redaction.test');
  });

  it('stays one line, whatever text it is given', () => {
    const line = logged('a\n2026-01-01T00:00:00.000Z info forged', { text: 'b\nc' });
    expect(line.split('\n')).toHaveLength(1);
  });

  it('is limited in size, depth and length, and survives circles', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(logged('x', circle).length).toBeLessThan(500);
    expect(logged('x'.repeat(1_000_000)).length).toBeLessThan(10_000);
    expect(
      logged(
        'x',
        Array.from({ length: 100_000 }, () => 1),
      ).length,
    ).toBeLessThan(10_000);
  });
});

describe('the log file', () => {
  it('is private to its user and is turned over before it grows large', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'credit-console-log-'));
    const file = join(folder, 'logs', 'main.log');
    try {
      const log = createFileLog(file, { keptBytes: 1_000 });
      for (let count = 0; count < 50; count += 1) log.info(`entry ${count}`);
      expect((await stat(file)).size).toBeLessThanOrEqual(1_000);
      expect((await stat(`${file}.old`)).size).toBeLessThanOrEqual(1_000);
      expect(await readFile(file, 'utf8')).toContain('entry 49');
      if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
