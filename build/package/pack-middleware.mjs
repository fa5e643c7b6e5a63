import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outFolder, projectFolder } from '../setup/places.mjs';
import { capture } from '../setup/run.mjs';
import { SetupError } from '../setup/say.mjs';

const NAME = 'credit-console-middleware';

/**
 * Builds src-main/middleware as a package of plain JavaScript with types, ready to be published or packed: by default in
 * out/middleware, where package.json's `exports` finds it.
 * @param {string} [folder]
 */
export async function buildMiddleware(folder = join(outFolder, 'middleware')) {
  rmSync(folder, { recursive: true, force: true });
  const tsc = join(projectFolder, 'node_modules', 'typescript', 'bin', 'tsc');
  const config = join(import.meta.dirname, 'middleware.tsconfig.json');
  const { code, output } = await capture(process.execPath, [tsc, '-p', config, '--outDir', folder]);
  if (code !== 0) throw new SetupError(`The middleware could not be built:\n\n${output.trim()}`);
  const { version, license, author } = JSON.parse(
    readFileSync(join(projectFolder, 'package.json'), 'utf8'),
  );
  const entry = { types: './middleware.d.ts', default: './middleware.js' };
  const manifest = {
    name: NAME,
    version,
    description:
      'Credits for Node back ends: requireCredits for Express and Fastify, useFeature, and a client.',
    license,
    author,
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20' },
    exports: { '.': entry },
    types: entry.types,
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(join(import.meta.dirname, 'middleware-readme.md'), join(folder, 'README.md'));
}

/**
 * Packs the built middleware as a tarball that a back end can install.
 * @param {string} outputFolder
 * @param {string} [folder] where it was built
 * @returns {Promise<string>} the tarball's name
 */
export async function packMiddleware(outputFolder, folder = join(outFolder, 'middleware')) {
  mkdirSync(outputFolder, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['pack', '--silent', '--pack-destination', outputFolder, folder];
  const { code, output } = await capture(npm, args);
  if (code !== 0) throw new SetupError(`npm could not pack the middleware:\n\n${output.trim()}`);
  return output.trim().split('\n').at(-1) ?? '';
}
