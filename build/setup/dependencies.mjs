import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { outFolder, projectFolder } from './places.mjs';
import { run } from './run.mjs';
import { isQuiet, SetupError, say } from './say.mjs';
import { hashOf, readStamp, writeStamp } from './stamp.mjs';

const oldestNodeMajor = 20;
const projectNodeMajor = 24;

const packagesFolder = join(projectFolder, 'node_modules');
const stampFile = join(packagesFolder, '.credit-console-packages');
const projectNode = join(
  packagesFolder,
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

/**
 * Makes node_modules what package-lock.json says, then sees to it that the calling script runs on the project's
 * own Node 24: started by an older one, it starts itself again, and this function does not return.
 */
export async function ensureDependencies() {
  if (nodeMajor() < oldestNodeMajor) {
    throw new SetupError(
      `Node ${process.versions.node} is too old; Node ${oldestNodeMajor} or later is needed to set up (the project then brings its own).`,
    );
  }
  const wanted = hashOf(projectFolder, [join(projectFolder, 'package-lock.json')]);
  if (readStamp(stampFile) !== wanted) {
    await withLock(outFolder, 'installing packages', async () => {
      if (readStamp(stampFile) === wanted) return;
      if (!installedByHand()) await install();
      writeStamp(stampFile, wanted);
    });
  }
  if (nodeMajor() < projectNodeMajor) process.exit(await runAgainOnProjectNode());
}

async function install() {
  say('installing packages (npm ci)');
  // Node 20 only carries npm here: everything else runs on the project's Node 24, so its engine warnings mislead.
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const code = isQuiet()
    ? runSilently('npm', args)
    : await run(npm(), args, { ...inProject(), sharesTerminal: true });
  if (code !== 0) {
    throw new SetupError(
      'npm ci failed; its message stands above. Nothing was started. Run the command again once the cause is removed.',
    );
  }
  if (!existsSync(projectNode)) {
    throw new SetupError(
      'npm ci ran no install scripts, so the project has no Node 24. Allow them (npm config set ignore-scripts false) and run the command again.',
    );
  }
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function inProject() {
  return { cwd: projectFolder };
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 */
function runSilently(program, args) {
  const result = spawnSync(program, args, {
    ...inProject(),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return result.status ?? 1;
}

/**
 * True when someone already ran npm here and what npm noted in node_modules agrees with the lock file:
 * installing once more would only cost half a minute, and take the packages away under whoever uses them.
 */
function installedByHand() {
  const noted = join(packagesFolder, '.package-lock.json');
  if (!existsSync(noted) || !existsSync(projectNode)) return false;
  const installed = packagesOf(noted);
  return Object.entries(packagesOf(join(projectFolder, 'package-lock.json'))).every(
    ([path, wanted]) => {
      if (path === '') return true;
      const found = installed[path];
      if (found === undefined) return wanted.optional === true || wanted.peer === true;
      return found.version === wanted.version && found.integrity === wanted.integrity;
    },
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, peer?: boolean }>}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

function nodeMajor() {
  return Number(process.versions.node.split('.')[0]);
}

function runAgainOnProjectNode() {
  const [, script, ...args] = process.argv;
  if (script === undefined) throw new Error('no script to start again');
  return run(projectNode, [script, ...args], { sharesTerminal: true });
}
