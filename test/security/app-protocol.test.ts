import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP_PAGE, createAppHandler, fileOf } from '#main/electron/app-protocol.ts';

let folder: string;
let handler: (request: Request) => Promise<Response>;
beforeAll(async () => {
  const base = await mkdtemp(join(tmpdir(), 'credit-console-app-'));
  folder = join(base, 'renderer');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await writeFile(join(base, 'secret.json'), '{"secret":true}');
  await mkdir(join(base, 'renderer-other'));
  await writeFile(join(base, 'renderer-other', 'a.js'), 'secret');
  await writeFile(
    join(folder, 'index.html'),
    '<meta name="style-nonce" content="__STYLE_NONCE__" /><style nonce="__STYLE_NONCE__"></style>',
  );
  await writeFile(join(folder, 'assets', 'main.js'), 'export {};');
  await writeFile(join(folder, 'assets', 'main.js.map'), '{}');
  handler = createAppHandler(folder);
});
afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

const get = (address: string) => handler(new Request(address));

describe('the app scheme', () => {
  it('serves the files of its folder', async () => {
    const response = await get('app://console/assets/main.js');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await response.text()).toBe('export {};');
  });

  it.each([
    'app://console/../secret.json',
    'app://console/%2e%2e/secret.json',
    'app://console/..%2fsecret.json',
    'app://console/..%2Fsecret.json',
    'app://console/assets/..%2f..%2fsecret.json',
    'app://console/..%5csecret.json',
    'app://console/%2e%2e%5csecret.json',
    'app://console//etc/passwd',
    'app://console/..%2frenderer-other/a.js',
    'app://console/C:/windows/win.json',
    'app://console/index.html%00.js',
    'app://console/%E0%A4%A.js',
  ])('serves nothing outside of it: %s', async (address) => {
    const response = await get(address);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('');
  });

  it.each([
    'app://console/',
    'app://console/assets',
    'app://console/assets/',
    'app://console/none.js',
  ])('serves no folder and no missing file: %s', async (address) => {
    expect((await get(address)).status).toBe(404);
  });

  it.each([
    'app://other/index.html',
    'app://console.evil/index.html',
    'app://user@console/index.html',
    'http://console/index.html',
    'file:///index.html',
  ])('answers for its own host only: %s', (address) => {
    expect(fileOf(folder, address)).toBeUndefined();
  });

  it('serves no type that a page does not need, such as source maps', async () => {
    expect((await get('app://console/assets/main.js.map')).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'])('refuses %s', async (method) => {
    expect((await handler(new Request(APP_PAGE, { method }))).status).toBe(405);
  });

  it('sends every file with the content security policy and without sniffing', async () => {
    for (const address of [APP_PAGE, 'app://console/assets/main.js']) {
      const { headers } = await get(address);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      const policy = new Map(
        (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
          const [name = '', ...values] = directive.split(' ');
          return [name, values];
        }),
      );
      expect(policy.get('default-src')).toEqual(["'none'"]);
      expect(policy.get('script-src')).toEqual(["'self'"]);
      expect(policy.get('connect-src')).toEqual(["'none'"]);
      expect(policy.get('frame-ancestors')).toEqual(["'none'"]);
      expect(policy.get('form-action')).toEqual(["'none'"]);
      expect(policy.get('base-uri')).toEqual(["'none'"]);
      expect(policy.get('object-src')).toEqual(["'none'"]);
      expect([...policy.values()].flat().join()).not.toMatch(/unsafe|https?:|\*|blob:/);
    }
  });

  it('gives the styles of each load a nonce of their own', async () => {
    const nonces = new Set<string>();
    for (let load = 0; load < 3; load += 1) {
      const response = await get(APP_PAGE);
      const page = await response.text();
      const nonce = /<style nonce="([A-Za-z0-9+/=]{20,})">/.exec(page)?.[1] ?? '';
      expect(page).toContain(`content="${nonce}"`);
      expect(response.headers.get('content-security-policy')).toContain(`'nonce-${nonce}'`);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(3);
  });
});

describe('a link inside the folder', () => {
  it.skipIf(process.platform === 'win32')('that leads outside is not followed', async () => {
    await symlink(join(folder, '..', 'secret.json'), join(folder, 'link.json'));
    expect((await get('app://console/link.json')).status).toBe(404);
  });
});
