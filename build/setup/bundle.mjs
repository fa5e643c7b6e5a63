import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { outFolder, projectFolder } from './places.mjs';
import { capture } from './run.mjs';
import { SetupError, say } from './say.mjs';
import { hashOf, readStamp, writeStamp } from './stamp.mjs';

/** All that the bundles depend on besides the Electron that runs them. */
const sources = [
  'src-shared',
  'src-main',
  'src-renderer',
  'build/package/icons',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json',
].map((path) => join(projectFolder, path));

const stampFile = join(outFolder, 'bundle.stamp');
const results = ['main/main.js', 'preload/preload.cjs', 'renderer/index.html'].map((path) =>
  join(outFolder, path),
);

/**
 * Builds out/main, out/preload and out/renderer for the given Electron, unless they are of these very sources already.
 * @param {import('../electron-runtime/runtime.mjs').ElectronRuntime} runtime
 */
export async function ensureBundle(runtime) {
  const wanted = hashOf(projectFolder, sources, [runtime.version, runtime.kind]);
  const isCurrent = () =>
    readStamp(stampFile) === wanted && results.every((file) => existsSync(file));
  if (isCurrent()) return;
  await withLock(outFolder, 'building', async () => {
    if (!isCurrent()) await build(runtime, wanted);
  });
}

/**
 * @param {import('../electron-runtime/runtime.mjs').ElectronRuntime} runtime
 * @param {string} wanted
 */
async function build(runtime, wanted) {
  const started = performance.now();
  rmSync(stampFile, { force: true });
  const [major = ''] = runtime.version.split('.');
  const electronVite = join(projectFolder, 'node_modules', 'electron-vite', 'dist', 'cli.js');
  const { code, output } = await capture(process.execPath, [electronVite, 'build'], {
    cwd: projectFolder,
    // What runs decides what the bundles may use.
    env: { ...process.env, ELECTRON_MAJOR_VER: major, NODE_ENV: 'production' },
  });
  if (code !== 0) throw new SetupError(`The app could not be built:\n\n${output.trim()}`);
  mkdirSync(join(outFolder, 'main'), { recursive: true });
  writeFileSync(
    join(outFolder, 'main', 'build-info.json'),
    `${JSON.stringify({ electron: runtime.version, runtime: runtime.kind })}\n`,
  );
  writeStamp(stampFile, wanted);
  say(`built the app in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
