import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { outFolder, projectFolder } from './places.mjs';
import { run } from './run.mjs';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 *
 * @typedef {object} RunnerResult
 * @property {string} runner
 * @property {number} exitCode
 * @property {Map<string, Counts>} byKind
 */

const modules = join(projectFolder, 'node_modules');

/** @returns {Counts} */
export function noTests() {
  return { passed: 0, failed: 0, skipped: 0 };
}

/**
 * @param {readonly string[]} kinds
 * @param {readonly string[]} args
 * @returns {Promise<RunnerResult>}
 */
export async function runVitest(kinds, args) {
  const file = freshResultFile('vitest.json');
  const exitCode = await run(
    process.execPath,
    [
      join(modules, 'vitest', 'vitest.mjs'),
      'run',
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...kinds.flatMap((kind) => ['--project', kind]),
      ...args,
    ],
    { cwd: projectFolder },
  );
  return { runner: 'vitest', exitCode, byKind: countVitest(readResult(file)) };
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<RunnerResult>}
 */
export async function runPlaywright(args) {
  const file = freshResultFile('playwright.json');
  const exitCode = await run(
    process.execPath,
    [
      join(modules, '@playwright', 'test', 'cli.js'),
      'test',
      '--pass-with-no-tests',
      '--reporter=list,json',
      ...args,
    ],
    { cwd: projectFolder, env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: file } },
  );
  return { runner: 'playwright', exitCode, byKind: countPlaywright(readResult(file)) };
}

/** @param {string} name */
function freshResultFile(name) {
  mkdirSync(outFolder, { recursive: true });
  // Not in out/test-results, which Playwright empties when it starts.
  const file = join(outFolder, name);
  // A runner that dies early must not be counted by what an earlier one left.
  rmSync(file, { force: true });
  return file;
}

/** @param {string} file */
function readResult(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * vitest's JSON result as counts by kind, the folder below test/.
 * @param {{ testResults: { name: string, status: string, assertionResults: { status: string }[] }[] } | undefined} result
 */
export function countVitest(result) {
  /** @type {Map<string, Counts>} */
  const byKind = new Map();
  for (const file of result?.testResults ?? []) {
    const [, kind = ''] = relative(projectFolder, file.name).split(sep);
    const counts = byKind.get(kind) ?? noTests();
    byKind.set(kind, counts);
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    // A file that could not be loaded holds no tests, and counts as one that failed.
    const loaded = file.status !== 'failed' || file.assertionResults.some(isFailed);
    if (!loaded) counts.failed += 1;
  }
  return byKind;
}

/** @param {{ status: string }} test */
function isFailed(test) {
  return test.status === 'failed';
}

/**
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, errors: unknown[] } | undefined} result
 */
function countPlaywright(result) {
  if (result === undefined) return new Map();
  const { expected, unexpected, flaky, skipped } = result.stats;
  const failed = unexpected + flaky + result.errors.length;
  return new Map([['e2e', { passed: expected, failed, skipped }]]);
}
