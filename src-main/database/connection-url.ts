import { isIP, isIPv4, isIPv6 } from 'node:net';
import path from 'node:path';
import { AppError } from '#shared/errors.ts';

/**
 * How a connection is secured. `verify-full`: TLS with a certificate that is valid for the host. `unverified`: TLS with
 * whoever answers. `off`: none.
 */
export type TlsMode = 'verify-full' | 'unverified' | 'off';

export type ConnectionTarget = {
  host: string;
  port: number;
  database: string;
  user: string;
  tls: TlsMode;
  /** A file with the certificate authorities to trust instead of the system's; absolute path. */
  rootCertificateFile: string | undefined;
  isLoopback: boolean;
};

export type ParsedConnectionUrl = {
  target: ConnectionTarget;
  /** The URL in one canonical form, without the password: may be stored and shown. */
  url: string;
  /** Never stored beside the URL, never shown. */
  password: string | undefined;
};

const LENGTH_MAX = 2_000;
const NAME_LENGTH_MAX = 63;
const PARAMETERS = ['sslmode', 'sslrootcert'];
const HOST_NAME = /^[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*\.?$/i;

/**
 * Reads a PostgreSQL URL strictly: `postgresql://user:password@host:port/database?sslmode=…&sslrootcert=…`.
 * A remote host means `verify-full` unless `allowUnverifiedTls` was set for this very connection; this computer's own
 * addresses may go without TLS. Throws `invalid_argument` with the field `url`; the text never repeats the URL, which
 * may hold a password.
 */
export function parseConnectionUrl(
  text: string,
  options: { allowUnverifiedTls?: boolean | undefined } = {},
): ParsedConnectionUrl {
  const url = splitUrl(text.trim());
  const host = readHost(url.hostname);
  const port = url.port === '' ? 5432 : Number(url.port);
  if (port < 1) throw refuse('The port must be a number from 1 to 65535.');
  const user = readName(url.username, 'user');
  const database = readName(url.pathname.replace(/^\//, ''), 'database');
  const password = url.password === '' ? undefined : decode(url.password, 'password');
  if (password?.includes('\0')) throw refuse('The password holds a character that cannot be sent.');

  const parameters = readParameters(url.searchParams);
  const isLoopback = isLoopbackHost(host);
  const tls = readTlsMode(
    parameters.get('sslmode'),
    isLoopback,
    options.allowUnverifiedTls === true,
  );
  const rootCertificateFile = parameters.get('sslrootcert');
  if (rootCertificateFile !== undefined) {
    if (!path.isAbsolute(rootCertificateFile) || rootCertificateFile.includes('\0')) {
      throw refuse('sslrootcert must be the absolute path of a file.');
    }
    if (tls !== 'verify-full') throw refuse('sslrootcert needs sslmode=verify-full.');
  }
  const target = { host, port, database, user, tls, rootCertificateFile, isLoopback };
  return { target, url: formatConnectionUrl(target), password };
}

/** The canonical URL of a target, without a password. */
export function formatConnectionUrl(target: ConnectionTarget): string {
  const host = isIPv6(target.host) ? `[${target.host}]` : target.host;
  const sslmode = { 'verify-full': 'verify-full', unverified: 'require', off: 'disable' };
  const parameters = new URLSearchParams({ sslmode: sslmode[target.tls] });
  if (target.rootCertificateFile) parameters.set('sslrootcert', target.rootCertificateFile);
  const user = encodeURIComponent(target.user);
  const database = encodeURIComponent(target.database);
  return `postgresql://${user}@${host}:${target.port}/${database}?${parameters}`;
}

function refuse(why: string): AppError {
  return new AppError(
    'invalid_argument',
    `This is not a usable PostgreSQL URL. ${why} Nothing was saved.`,
    {
      fields: { url: why },
    },
  );
}

function splitUrl(text: string): URL {
  if (text === '') throw refuse('Enter a URL such as postgresql://user@host:5432/database.');
  if (text.length > LENGTH_MAX) throw refuse(`It is longer than ${LENGTH_MAX} characters.`);
  // The URL parser drops line breaks and tabs without a word; a pasted text that holds them is something else.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  if (/[\u0000-\u0020\u007f]/.test(text)) throw refuse('It holds a space or a control character.');
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw refuse('It must begin with postgresql:// (or postgres://).');
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse(
      'Host or port cannot be read. Special characters in the password must be written in percent code, such as %2F for /.',
    );
  }
  if (url.hash !== '' || text.endsWith('#')) {
    throw refuse('It holds a "#". In a password, write it as %23.');
  }
  return url;
}

function readHost(hostname: string): string {
  if (hostname === '') throw refuse('The host is missing.');
  if (hostname.startsWith('[') && hostname.endsWith(']')) {
    const address = hostname.slice(1, -1);
    if (isIPv6(address)) return address;
  }
  if (hostname.includes('%')) {
    throw refuse('The host must be a name or an address; sockets in a folder are not supported.');
  }
  if (hostname.includes(',')) throw refuse('Only one host can be given.');
  // Digits and dots that are no address: other programs would read them in surprising ways.
  const looksLikeAddress = /^[0-9.]+$/.test(hostname);
  if (looksLikeAddress ? isIPv4(hostname) : hostname.length <= 253 && HOST_NAME.test(hostname)) {
    return hostname.toLowerCase();
  }
  throw refuse('The host is not a name or an address.');
}

function readName(encoded: string, what: 'user' | 'database'): string {
  const name = decode(encoded, what);
  if (name === '') throw refuse(`The ${what} is missing.`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  if (/[\u0000-\u001f\u007f]/.test(name)) throw refuse(`The ${what} holds a control character.`);
  if (what === 'database' && encoded.includes('/')) {
    throw refuse('The database must be one name, without "/".');
  }
  if (Buffer.byteLength(name) > NAME_LENGTH_MAX) {
    throw refuse(`The ${what} is longer than ${NAME_LENGTH_MAX} bytes.`);
  }
  return name;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(`The ${what} holds a "%" that is not percent code. Write it as %25.`);
  }
}

function readParameters(search: URLSearchParams): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of search) {
    if (!PARAMETERS.includes(name)) {
      throw refuse(
        `The parameter "${name.slice(0, 40)}" is not supported; only ${PARAMETERS.join(' and ')} are.`,
      );
    }
    if (parameters.has(name)) throw refuse(`The parameter "${name}" is given twice.`);
    parameters.set(name, value);
  }
  return parameters;
}

function readTlsMode(
  sslmode: string | undefined,
  isLoopback: boolean,
  allowUnverifiedTls: boolean,
): TlsMode {
  const mayBeWeaker = isLoopback || allowUnverifiedTls;
  switch (sslmode) {
    case 'verify-full':
      return 'verify-full';
    case undefined:
      if (isLoopback) return 'off';
      return allowUnverifiedTls ? 'unverified' : 'verify-full';
    case 'require':
      if (mayBeWeaker) return 'unverified';
      throw refuse(
        'sslmode=require does not check who answers. Use sslmode=verify-full, or allow unverified TLS for this connection.',
      );
    case 'disable':
      if (mayBeWeaker) return 'off';
      throw refuse(
        'sslmode=disable sends everything in the clear. Use sslmode=verify-full, or allow unverified TLS for this connection.',
      );
    default:
      throw refuse('sslmode must be verify-full, require or disable.');
  }
}

/** Whether a host is this computer itself, so that nothing crosses a network. */
export function isLoopbackHost(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  if (isIP(host) === 6) return new URL(`http://[${host}]`).hostname === '[::1]';
  return host === 'localhost' || host === 'localhost.';
}
