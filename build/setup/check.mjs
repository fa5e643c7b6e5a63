// npm run check: format and lint, types of each process, and who may import whom. All of them run, even if one fails.
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { projectFolder } from './places.mjs';
import { run } from './run.mjs';
import { main } from './say.mjs';

/** Each has a tsconfig.json of its own; the last one is the tools' configuration. */
const programs = ['src-shared', 'src-main', 'src-renderer', 'test', 'build', '.'];
const sourceFolders = ['src-shared', 'src-main', 'src-renderer', 'test'];

/** @type {{ name: string, script: string, args: string[] }[]} */
const checks = [
  { name: 'format and lint', script: '@biomejs/biome/bin/biome', args: ['check', '.'] },
  ...programs.map((folder) => ({
    name: `types: ${folder === '.' ? 'configuration' : folder}`,
    script: 'typescript/bin/tsc',
    args: ['-p', folder],
  })),
  {
    name: 'who may import whom',
    script: '../build/setup/check-imports.mjs',
    args: sourceFolders,
  },
];

await main(async () => {
  await ensureDependencies();
  const failed = [];
  for (const { name, script, args } of checks) {
    process.stdout.write(`\n${name}\n`);
    const code = await run(
      process.execPath,
      [join(projectFolder, 'node_modules', script), ...args],
      {
        cwd: projectFolder,
      },
    );
    if (code !== 0) failed.push(name);
  }
  process.stdout.write(
    failed.length === 0 ? '\nAll checks passed\n' : `\nFailed: ${failed.join(', ')}\n`,
  );
  return failed.length === 0 ? 0 : 1;
});
