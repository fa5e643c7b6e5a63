// npm run cli -- <command>: the console without a window. Set-up keeps silent: standard output is the command's own.
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { projectFolder } from './places.mjs';
import { run } from './run.mjs';
import { beQuiet, main } from './say.mjs';

await main(async () => {
  beQuiet();
  await ensureDependencies();
  const script = join(projectFolder, 'src-main', 'cli.ts');
  return run(process.execPath, [script, ...process.argv.slice(2)], { sharesTerminal: true });
});
