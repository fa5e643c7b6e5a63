// npm run tour: all set-up, then every screen of the running app as a screenshot in out/tour/, light and dark.
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { withDisplay } from './display.mjs';
import { projectFolder } from './places.mjs';
import { run } from './run.mjs';
import { main } from './say.mjs';

await main(async () => {
  await ensureDependencies();
  const { prepareWindow } = await import('./prepare.mjs');
  await prepareWindow();
  const script = join(projectFolder, 'test', 'tour', 'tour.ts');
  return withDisplay(() => run(process.execPath, [script, ...process.argv.slice(2)]));
});
