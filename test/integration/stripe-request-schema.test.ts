import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const project = join(import.meta.dirname, '..', '..');
const kept = join(project, 'src-main/stripe-simulator/request-schema.json');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credit-console-schema-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

// A new version of the package may know other parameters: then run `node build/stripe-schema/generate.mjs` and look at what
// changed. Compared by line, for the difference is then readable.
it('the simulator checks requests by the types of the installed stripe package', async () => {
  const fresh = join(folder, 'request-schema.json');
  await promisify(execFile)(process.execPath, [
    join(project, 'build/stripe-schema/generate.mjs'),
    fresh,
  ]);

  const [expected, actual] = await Promise.all([lines(fresh), lines(kept)]);
  const changed = [...without(expected, actual), ...without(actual, expected)];

  expect(changed.map((line) => line.slice(0, 200))).toEqual([]);
  expect(expected.size).toBeGreaterThan(500);
});

function without(some: Set<string>, others: Set<string>): string[] {
  return [...some].filter((line) => !others.has(line));
}

async function lines(file: string): Promise<Set<string>> {
  return new Set((await readFile(file, 'utf8')).split('\n'));
}
