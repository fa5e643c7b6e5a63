// npm start: all set-up, then the console in Electron. Further arguments go to the app.
import { ensureDependencies } from './dependencies.mjs';
import { needsVirtualDisplay, withDisplay } from './display.mjs';
import { run } from './run.mjs';
import { main } from './say.mjs';

await main(async () => {
  await ensureDependencies();
  const { prepareWindow } = await import('./prepare.mjs');
  const { launchOptions } = await import('../electron-runtime/launch-options.mjs');
  await prepareWindow();
  // A machine without a display has no message bus and no graphics card either, and Chromium complains of both at length.
  const quietly = needsVirtualDisplay() ? ['--log-level=3'] : [];
  return withDisplay(() => {
    const { executablePath, args, env } = launchOptions({
      args: [...quietly, ...process.argv.slice(2)],
    });
    return run(executablePath, args, { env });
  });
});
