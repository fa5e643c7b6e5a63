import { describe, expect, it } from 'vitest';
import { isLoopbackHost, parseConnectionUrl } from '#main/database/connection-url.ts';
import { AppError } from '#shared/errors.ts';

function refusal(url: string, options: { allowUnverifiedTls?: boolean } = {}): AppError {
  try {
    parseConnectionUrl(url, options);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`Accepted: ${url}`);
}

describe('a PostgreSQL URL', () => {
  it('is read into its parts, the password apart from what may be stored', () => {
    const parsed = parseConnectionUrl('postgres://ana:p%40ss%2Fw@Db.Example.com/credits');
    expect(parsed).toEqual({
      password: 'p@ss/w',
      url: 'postgresql://ana@db.example.com:5432/credits?sslmode=verify-full',
      target: {
        host: 'db.example.com',
        port: 5432,
        database: 'credits',
        user: 'ana',
        tls: 'verify-full',
        rootCertificateFile: undefined,
        isLoopback: false,
      },
    });
  });

  it.each([
    'postgresql://ana@db.example.com:6000/credits?sslmode=verify-full',
    'postgresql://ana@127.0.0.1:5432/credits?sslmode=disable',
    'postgresql://ana%20b%40c@[2001:db8::1]:5432/my%20ledger%2F1?sslmode=verify-full',
    'postgresql://ana@db:5432/credits?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem',
  ])('is canonical when it is stored and read again: %s', (url) => {
    const once = parseConnectionUrl(url);
    expect(once.url).toBe(url);
    expect(parseConnectionUrl(once.url)).toEqual(once);
  });

  it.each([
    ['', 'Enter a URL'],
    ['db.example.com', 'must begin with'],
    ['mysql://u@h/d', 'must begin with'],
    ['postgresql:u@h/d', 'must begin with'],
    ['postgresql://u@h/d d', 'space'],
    ['postgresql://u@h\n/d', 'control character'],
    ['postgresql://u@/d', 'Host or port'],
    ['postgresql://u@h:0/d', 'port'],
    ['postgresql://u@h:65536/d', 'Host or port'],
    ['postgresql://u@h:5432x/d', 'Host or port'],
    ['postgresql://h/d', 'user is missing'],
    ['postgresql://u@h', 'database is missing'],
    ['postgresql://u@h/', 'database is missing'],
    ['postgresql://u@h/a/b', 'one name'],
    ['postgresql://u@h/d#x', '#'],
    ['postgresql://u:%zz@h/d', 'percent code'],
    ['postgresql://u@%2Fvar%2Frun/d', 'sockets'],
    ['postgresql://u@a,b/d', 'one host'],
    ['postgresql://u@1.2.3/d', 'not a name or an address'],
    ['postgresql://u@127.1/d', 'not a name or an address'],
    ['postgresql://u@-h/d', 'not a name or an address'],
    [`postgresql://u@h/${'d'.repeat(64)}`, 'longer than 63'],
    [`postgresql://u@h/${'d'.repeat(3000)}`, 'longer than 2000'],
    ['postgresql://u@h/d%00', 'control character'],
    ['postgresql://u@h/d?options=-cfsync%3Doff', '"options" is not supported'],
    ['postgresql://u@h/d?host=evil', '"host" is not supported'],
    ['postgresql://u@h/d?sslmode=disable&sslmode=verify-full', 'given twice'],
    ['postgresql://u@h/d?sslmode=prefer', 'sslmode must be'],
    ['postgresql://u@h/d?sslmode=no-verify', 'sslmode must be'],
    ['postgresql://u@h/d?sslrootcert=ca.pem', 'absolute path'],
    ['postgresql://u@127.0.0.1/d?sslrootcert=/ca.pem', 'needs sslmode=verify-full'],
  ])('is refused when it is %j', (url, why) => {
    const error = refusal(url);
    expect(error.code).toBe('invalid_argument');
    expect(error.fields?.url).toContain(why);
  });

  it('never repeats a password in a refusal', () => {
    for (const url of [
      'postgresql://u:hunter2@h:x/d',
      'postgresql://u:hunter2#@h/d',
      'x:hunter2',
    ]) {
      expect(JSON.stringify({ ...refusal(url), text: refusal(url).message })).not.toContain(
        'hunter2',
      );
    }
  });

  it.each(['require', 'disable'])(
    'to a remote host with sslmode=%s needs the explicit permission of this connection',
    (mode) => {
      const url = `postgresql://u@db.example.com/d?sslmode=${mode}`;
      expect(refusal(url).fields?.url).toContain('verify-full');
      const { target } = parseConnectionUrl(url, { allowUnverifiedTls: true });
      expect(target.tls).toBe(mode === 'require' ? 'unverified' : 'off');
    },
  );

  it('verifies TLS to every remote host unless told otherwise, and may be plain to this computer', () => {
    const tls = (host: string) => parseConnectionUrl(`postgresql://u@${host}/d`).target.tls;
    expect(tls('db.example.com')).toBe('verify-full');
    expect(tls('10.0.0.1')).toBe('verify-full');
    expect(tls('127.0.0.1.example.com')).toBe('verify-full');
    expect(tls('localhost.example.com')).toBe('verify-full');
    expect(tls('127.0.0.1')).toBe('off');
    expect(tls('[::1]')).toBe('off');
    expect(tls('localhost')).toBe('off');
  });
});

describe('a host of this computer', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', 'localhost'])('is %s', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });
  it.each(['0.0.0.0', '128.0.0.1', '::', '::2', 'localhost.evil', 'mylocalhost'])(
    'is not %s',
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );
});
