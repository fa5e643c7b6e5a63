// npm run package: an unpacked app, a tar.gz, a deb, and the middleware for back ends as a tarball for npm, in out/package/, and
// a smoke test of what was packed.
// --release takes Electron's own release only, compresses well, and is what may be given away.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { outFolder, projectFolder } from './places.mjs';
import { main, SetupError, say } from './say.mjs';

await main(async () => {
  const release = readArguments();
  await ensureDependencies();
  const { needsVirtualDisplay, withDisplay } = await import('./display.mjs');
  const { ensureSystemLibraries } = await import('./system-libraries.mjs');
  const { ensureRuntime, officialVersion } = await import('../electron-runtime/runtime.mjs');
  const { ensureBundle } = await import('./bundle.mjs');
  const { buildPackages } = await import('../package/build-packages.mjs');
  const { buildMiddleware, packMiddleware } = await import('../package/pack-middleware.mjs');
  const { run } = await import('./run.mjs');

  const runtime = await ensureRuntime({ officialOnly: release });
  if (release && runtime.version !== officialVersion) {
    throw new SetupError(
      `A release holds Electron ${officialVersion}, and ELECTRON_OVERRIDE_DIST_PATH names ${runtime.version}. Nothing was packed.`,
    );
  }
  await ensureBundle(runtime);
  const outputFolder = join(outFolder, 'package');
  rmSync(outputFolder, { recursive: true, force: true });
  const { files, appFolder } = await buildPackages({ runtime, outputFolder, release });
  await buildMiddleware();
  files.push(`package/${await packMiddleware(outputFolder)}`);
  for (const file of files) say(`packed ${file}`);

  await ensureSystemLibraries({ needsDisplay: needsVirtualDisplay() });
  const playwright = join(projectFolder, 'node_modules', '@playwright', 'test', 'cli.js');
  const config = join(projectFolder, 'test', 'package', 'playwright.config.ts');
  return withDisplay(() =>
    run(process.execPath, [playwright, 'test', '--config', config], {
      cwd: projectFolder,
      env: { ...process.env, PACKAGED_APP: appFolder, PACKAGED_RUNTIME: runtime.kind },
    }),
  );
});

function readArguments() {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => arg !== '--release');
  if (unknown !== undefined)
    throw new SetupError(`${unknown} is not known; the only option is --release.`);
  return args.length > 0;
}
