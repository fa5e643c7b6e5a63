import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildMiddleware, packMiddleware } from '#build/package/pack-middleware.mjs';
import {
  type CreditsServiceWorld,
  openCreditsServiceWorld,
} from '#test/support/credits-service-world.ts';

/* The middleware as a back end gets it: packed, installed by npm, plain JavaScript with types, nothing else beside it. */

const run = promisify(execFile);
const PROJECT = path.resolve(import.meta.dirname, '../..');

const BACK_END = `
import { createServer } from 'node:http';
import { createCreditsClient, CreditsError, creditsOf, expressRequireCredits, useFeature } from 'credit-console-middleware';

const client = createCreditsClient({ url: process.env.URL ?? '', apiKey: process.env.KEY ?? '' });
const customerId = process.env.CUSTOMER ?? '';
const report: string = await useFeature(client, { customerId, feature: 'export_report' }, async ({ amount }) => 'paid ' + amount);
console.log(report);
try {
  await useFeature(client, { customerId, cost: 1000 }, () => undefined);
} catch (error) {
  if (!(error instanceof CreditsError)) throw error;
  const { status, code }: { status: number; code: string } = error;
  console.log(status, code);
}
const paid = expressRequireCredits(client, { cost: 5, customerId: ({ headers }) => String(headers['x-user']) });
const server = createServer((request, response) => {
  paid(request, response, () => response.end('for ' + creditsOf(request).amount));
}).listen(0, async () => {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const answer = await fetch('http://127.0.0.1:' + port, { headers: { 'x-user': customerId } });
  console.log(answer.status, await answer.text());
  server.closeAllConnections();
  server.close();
});
`;

let world: CreditsServiceWorld;
let folder: string;

beforeAll(async () => {
  world = await openCreditsServiceWorld();
  folder = await mkdtemp(path.join(tmpdir(), 'credit-console-middleware-'));
  await buildMiddleware(path.join(folder, 'built'));
  const tarball = await packMiddleware(folder, path.join(folder, 'built'));
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], {
    cwd: folder,
  });
  await writeFile(path.join(folder, 'back-end.ts'), BACK_END);
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

describe('the package of the middleware', () => {
  it('installs alone, under a name and version of its own', async () => {
    const modules = path.join(folder, 'node_modules');
    const installed = await readdir(modules);
    expect(installed.filter((name) => !name.startsWith('.'))).toEqual([
      'credit-console-middleware',
    ]);

    const own = path.join(modules, 'credit-console-middleware');
    const read = async (file: string) => JSON.parse(await readFile(file, 'utf8'));
    const { version } = await read(path.join(PROJECT, 'package.json'));
    expect(await read(path.join(own, 'package.json'))).toMatchObject({ version });
    const files = await readdir(own);
    expect(files).toContain('README.md');
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  it('compiles in a strict back end by the types it brings', async () => {
    const config = {
      compilerOptions: {
        target: 'ES2022',
        module: 'nodenext',
        strict: true,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
        types: ['node'],
        typeRoots: [path.join(PROJECT, 'node_modules/@types')],
      },
      files: ['back-end.ts'],
    };
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config));

    const tsc = path.join(PROJECT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error) => error);

    expect(stdout).toBe('');
  });

  it('works in a back end that has nothing but Node', async () => {
    const customer = await world.customer(20);

    const { stdout } = await run(process.execPath, ['back-end.js'], {
      cwd: folder,
      env: { URL: world.service.url, KEY: world.service.key, CUSTOMER: customer },
    });

    expect(stdout.trim().split('\n')).toEqual(['paid 10', '402 insufficient_credits', '200 for 5']);
    expect(await world.ledgerOf(customer)).toMatchObject({ balance: 5, held: 0, paid: [10, 5] });
  });
});
