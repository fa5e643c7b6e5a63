// npm run bench: set-up, then the ledger's figures beside a bare function's. Arguments go to the bench.
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { projectFolder } from './places.mjs';
import { run } from './run.mjs';
import { main } from './say.mjs';

await main(async () => {
  await ensureDependencies();
  const script = join(projectFolder, 'test', 'bench', 'bench.ts');
  return run(process.execPath, [script, ...process.argv.slice(2)]);
});
