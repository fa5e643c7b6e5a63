// Walks the imports with dependency-cruiser and .dependency-cruiser.mjs. Run by `npm run check`.
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import rules from '../../.dependency-cruiser.mjs';
import { projectFolder } from './places.mjs';

const folders = process.argv.slice(2);
const { output } = await cruise(folders, {
  ...rules.options,
  baseDir: projectFolder,
  ruleSet: { forbidden: rules.forbidden },
  validate: true,
});
if (typeof output === 'string') throw new Error('dependency-cruiser gave text, not its result');

const { violations, totalCruised, totalDependenciesCruised } = output.summary;
for (const { rule, from, to } of violations) {
  const comment = rules.forbidden.find(({ name }) => name === rule.name)?.comment ?? '';
  process.stderr.write(`${join(from)} → ${to}\n  ${rule.name}: ${comment}\n`);
}
process.stdout.write(`${totalCruised} modules, ${totalDependenciesCruised} imports\n`);
// Without its TypeScript parser dependency-cruiser finds nothing, and calls that a success.
const seesTypeScript = output.modules.some(
  ({ source, dependencies }) => /^src-.*\.ts$/.test(source) && dependencies.length > 0,
);
if (!seesTypeScript)
  process.stderr.write('No TypeScript import was seen: the parser is missing.\n');
if (!seesTypeScript || violations.length > 0) process.exitCode = 1;
