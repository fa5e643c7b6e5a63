import { randomBytes } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

export const APP_SCHEME = 'app';
export const APP_HOST = 'console';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;
export const APP_PAGE = `${APP_ORIGIN}/index.html`;

/** Stands in index.html where the nonce of the style elements goes; each load gets its own. */
const NONCE_MARK = '__STYLE_NONCE__';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
};

/** The policy of the page: its own scripts and styles, nothing remote, no connection of any kind. */
export function contentSecurityPolicy(styleNonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${styleNonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'none'",
    "frame-src 'none'",
    "worker-src 'none'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * The file of `folder` that an address of the app scheme names; undefined for another host, a type that is not served,
 * and for anything that could leave the folder.
 */
export function fileOf(folder: string, address: string): string | undefined {
  let url: URL;
  let path: string;
  try {
    url = new URL(address);
    path = decodeURIComponent(url.pathname);
  } catch {
    return undefined;
  }
  if (url.protocol !== `${APP_SCHEME}:` || url.host !== APP_HOST) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  // Backslashes and drive letters are separators on Windows; two dots are never part of a name of ours.
  if (/[\\:\0]/.test(path) || path.includes('..')) return undefined;
  if (!Object.hasOwn(MEDIA_TYPES, extname(path))) return undefined;
  const file = normalize(join(folder, path));
  return file.startsWith(`${normalize(folder)}${sep}`) ? file : undefined;
}

/** Answers requests of the app scheme from one folder: GET only, existing files only, with the page's policy. */
export function createAppHandler(folder: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET') return refuse(405);
    const file = fileOf(folder, request.url);
    if (file === undefined) return refuse(404);
    let content: Buffer;
    try {
      // A link inside the folder must not lead out of it either.
      const real = await realpath(file);
      if (!real.startsWith(`${await realpath(folder)}${sep}`)) return refuse(404);
      content = await readFile(real);
    } catch {
      return refuse(404);
    }
    const type = extname(file);
    const headers = {
      'content-type': MEDIA_TYPES[type] ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache',
    };
    const nonce = randomBytes(16).toString('base64');
    const policy = { 'content-security-policy': contentSecurityPolicy(nonce) };
    if (type !== '.html') {
      return new Response(new Uint8Array(content), { headers: { ...headers, ...policy } });
    }
    const page = content.toString('utf8').replaceAll(NONCE_MARK, nonce);
    return new Response(page, { headers: { ...headers, ...policy } });
  };
}

function refuse(status: 404 | 405): Response {
  return new Response(null, {
    status,
    headers: { 'content-security-policy': "default-src 'none'" },
  });
}
