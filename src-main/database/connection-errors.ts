import { connect, type Socket } from 'node:net';
import { AppError, type ErrorCode } from '#shared/errors.ts';
import type { ConnectionTarget } from './connection-url.ts';

const UNKNOWN_HOST = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'];
const UNREACHABLE = ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL'];
const NO_ANSWER = /timeout expired|connection timeout|timeout exceeded|ETIMEDOUT/;
const CERTIFICATE =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|INVALID_CA|PATH_LENGTH_|HOSTNAME_MISMATCH|CRL_)/;

/**
 * Says in one code and plain words why a connection could not be made. Where the driver's error does not tell, the
 * address is asked once more whether PostgreSQL is behind it at all.
 */
export async function connectionError(
  error: unknown,
  target: ConnectionTarget,
  options: { probeTimeoutMs?: number } = {},
): Promise<AppError> {
  if (error instanceof AppError) return error;
  const place = `${target.host}:${target.port}`;
  const say = (code: ErrorCode, what: string, todo: string) =>
    new AppError(code, `${what} Nothing was changed. ${todo}`, {
      cause: error,
      details: {
        host: target.host,
        port: target.port,
        database: target.database,
        user: target.user,
      },
    });
  const { code, message } = describe(error);

  if (UNKNOWN_HOST.includes(code)) {
    return say(
      'database_unavailable',
      `There is no host named ${target.host}, or its name cannot be looked up now.`,
      'Check the host in the URL and your network.',
    );
  }
  if (code === 'ECONNREFUSED') {
    return say(
      'database_unavailable',
      `Nothing listens at ${place}.`,
      'Check host and port, and that the server runs and accepts connections from here.',
    );
  }
  if (UNREACHABLE.includes(code)) {
    return say(
      'database_unavailable',
      `The host ${target.host} cannot be reached from here.`,
      'Check your network or VPN.',
    );
  }
  const byState = fromServer(code, message, target, say);
  if (byState) return byState;
  if (/SASL|SCRAM|client password must be/.test(message)) {
    return say(
      'database_password',
      `The server at ${place} asks for a password of "${target.user}", and none (or an unusable one) was given.`,
      'Enter the password.',
    );
  }
  if (/does not support SSL/.test(message)) {
    return say(
      'database_tls',
      `The server at ${place} does not offer TLS, so the connection would not be private.`,
      'Have TLS switched on there, or allow this connection without it (sslmode=disable).',
    );
  }
  if (CERTIFICATE.test(code)) {
    return say(
      'database_tls',
      `The certificate of ${place} could not be verified (${code}): it may be someone else's server.`,
      'Check the host; for an own certificate authority give its file as sslrootcert.',
    );
  }
  const behind = await probe(target, options.probeTimeoutMs ?? 3_000);
  if (behind === 'something_else') {
    return say(
      'not_postgresql',
      `What answers at ${place} is not PostgreSQL.`,
      'Check host and port.',
    );
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return say(
      'database_tls',
      `A TLS connection to ${place} could not be agreed on.`,
      'Check the TLS settings of the server.',
    );
  }
  if (behind === 'silence' || NO_ANSWER.test(message) || code === 'ETIMEDOUT') {
    return say(
      'database_unavailable',
      `The server at ${place} did not answer in time.`,
      'Check host and port, a firewall or VPN between, and the load of the server; then try again.',
    );
  }
  return say(
    'database_unavailable',
    `The connection to ${place} failed: ${message}.`,
    'Try again; if it stays so, ask who runs the server.',
  );
}

function describe(error: unknown): { code: string; message: string } {
  // A name with several addresses fails with one error that holds one for each.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return { code: '', message: String(first) };
  const code = 'code' in first && typeof first.code === 'string' ? first.code : '';
  // The pool wraps what it ended itself; the reason is inside.
  const inner = first.cause instanceof Error ? ` (${first.cause.message})` : '';
  return { code, message: first.message + inner };
}

/** What PostgreSQL itself answered, by SQLSTATE. */
function fromServer(
  code: string,
  message: string,
  target: ConnectionTarget,
  say: (code: ErrorCode, what: string, todo: string) => AppError,
): AppError | undefined {
  switch (code) {
    case '28P01':
      return say(
        'database_password',
        `The server refused the password of "${target.user}".`,
        'Check user and password.',
      );
    case '28000':
      if (/no encryption|SSL off/.test(message) && target.tls === 'off') {
        return say(
          'database_tls',
          'The server accepts this connection only with TLS.',
          'Use sslmode=verify-full.',
        );
      }
      return say(
        'database_password',
        `The server does not let "${target.user}" in from this computer: ${message}.`,
        'Check the user, or ask who runs the server.',
      );
    case '3D000':
      return say(
        'database_not_found',
        `The server has no database named "${target.database}".`,
        'Check the name of the database in the URL.',
      );
    case '42501':
      return say(
        'not_permitted',
        `"${target.user}" may not connect to the database "${target.database}".`,
        'Ask who runs the server for the right to connect.',
      );
    case '53300':
      return say(
        'database_unavailable',
        `The server has no connection left: ${message}.`,
        'Try again in a moment; if it stays so, ask who runs the server.',
      );
    case '57P03':
      return say(
        'database_unavailable',
        `The server is not ready: ${message}.`,
        'Try again in a moment.',
      );
    default:
      return undefined;
  }
}

/** The message that asks a PostgreSQL server whether it offers TLS: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Asks the address what it is. PostgreSQL answers the request for TLS with exactly one byte, S or N (or an error that
 * begins with E and has a plausible length); anything else, or a greeting before the question, is another program.
 */
function probe(
  target: ConnectionTarget,
  timeoutMs: number,
): Promise<'postgresql' | 'something_else' | 'silence'> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let connected = false;
    const socket: Socket = connect({ host: target.host, port: target.port });
    const finish = (result: 'postgresql' | 'something_else' | 'silence') => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => finish('silence'));
    socket.on('connect', () => {
      connected = true;
      socket.write(SSL_REQUEST);
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      finish(isPostgresAnswer(received) ? 'postgresql' : 'something_else');
    });
    // Closed after the question, without an answer: not what PostgreSQL does.
    socket.on('end', () => finish(connected ? 'something_else' : 'silence'));
    socket.on('error', () => finish(connected ? 'something_else' : 'silence'));
  });
}

function isPostgresAnswer(bytes: Buffer): boolean {
  const letter = String.fromCharCode(bytes[0] ?? 0);
  if (bytes.length === 1) return 'SNE'.includes(letter);
  return letter === 'E' && bytes.length >= 5 && bytes.readUInt32BE(1) < 30_000;
}
