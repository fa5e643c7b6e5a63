import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from './places.mjs';
import { noTests } from './test-runners.mjs';

/**
 * Prints the tests by kind and, as the last line, their sum. The result is the exit code: 0 only if nothing failed, each
 * runner agrees, and each kind that has test files ran some.
 * @param {readonly string[]} kinds
 * @param {readonly import('./test-runners.mjs').RunnerResult[]} results
 * @param {{ filtered: boolean }} options `filtered`: only some of a kind's tests were asked for
 */
export function report(kinds, results, { filtered }) {
  const lines = [];
  const problems = [];
  const sum = noTests();
  for (const kind of kinds) {
    const counts =
      results.map(({ byKind }) => byKind.get(kind)).find((found) => found) ?? noTests();
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
    const ran = counts.passed + counts.failed;
    lines.push(
      `  ${kind.padEnd(14)}${String(counts.passed).padStart(6)} passed${String(counts.failed).padStart(5)} failed${counts.skipped > 0 ? `${String(counts.skipped).padStart(5)} skipped` : ''}`,
    );
    if (ran === 0 && hasTestFiles(kind) && !filtered) {
      problems.push(`test/${kind} has test files, but none of their tests ran`);
    }
  }
  for (const { runner, exitCode } of results) {
    if (exitCode !== 0 && sum.failed === 0) {
      problems.push(`${runner} ended with code ${exitCode} although no test failed`);
    }
  }
  if (sum.passed + sum.failed === 0) problems.push('no test ran');
  // What kept tests from running is counted too: the last line alone must not look like a success.
  sum.failed += problems.length;

  const text = [
    '',
    'Tests by kind',
    ...lines,
    ...problems.map((problem) => `  failed: ${problem}`),
  ];
  process.stdout.write(`${text.join('\n')}\n\n${sum.passed} passed, ${sum.failed} failed\n`);
  return sum.failed === 0 ? 0 : 1;
}

/** @param {string} kind */
function hasTestFiles(kind) {
  const folder = join(projectFolder, 'test', kind);
  return (
    existsSync(folder) &&
    readdirSync(folder, { recursive: true }).some((file) => /\.test\.tsx?$/.test(String(file)))
  );
}
