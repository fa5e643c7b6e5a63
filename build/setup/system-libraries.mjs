import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { capture } from './run.mjs';
import { SetupError, say } from './say.mjs';

/**
 * @typedef {object} SystemPart
 * @property {string} name what is missing, in the words of someone without apt
 * @property {readonly string[]} packages Debian's names for it, newest first (Debian 13 and Ubuntu 24.04 renamed some)
 * @property {() => boolean} present
 */

/** Chromium's libraries; what they need in turn, the package manager brings. @type {SystemPart[]} */
const forElectron = [
  library('libgtk-3.so.0', 'libgtk-3-0t64', 'libgtk-3-0'),
  library('libnss3.so', 'libnss3'),
  library('libasound.so.2', 'libasound2t64', 'libasound2'),
  library('libgbm.so.1', 'libgbm1'),
  library('libXss.so.1', 'libxss1'),
  library('libsecret-1.so.0', 'libsecret-1-0'),
  { name: 'a font', packages: ['fonts-liberation'], present: hasFont },
];

/** @type {SystemPart} */
const forNoDisplay = { name: 'Xvfb', packages: ['xvfb'], present: () => onPath('Xvfb') };

/** @type {SystemPart} */
const pythonDriver = {
  name: 'psycopg 3 of /usr/bin/python3',
  packages: ['python3-psycopg'],
  present: () => spawnSync('/usr/bin/python3', ['-c', 'import psycopg']).status === 0,
};

/**
 * Sees to it that the test of the example in Python can run. What is missing is installed as root with apt; anywhere else, or
 * where that fails, this says that the test is skipped, and why: a back end in Python is no part of the app.
 */
export async function ensurePythonDriver() {
  if (process.platform !== 'linux' || pythonDriver.present()) return;
  if (!onPath('apt-get') || process.getuid?.() !== 0) {
    say(
      `the test of the Python example is skipped: ${pythonDriver.name} is missing (Debian: apt-get install python3-psycopg)`,
    );
    return;
  }
  try {
    await install([pythonDriver]);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`the test of the Python example is skipped: ${error.message.trim()}`);
  }
}

/**
 * Sees to it that Electron finds its system libraries, and a virtual display where there is no real one. As root with
 * apt, what is missing is installed; otherwise the command that installs it is printed and set-up stops.
 * @param {{ needsDisplay: boolean }} options whether a virtual display will be needed
 */
export async function ensureSystemLibraries({ needsDisplay }) {
  if (process.platform !== 'linux') return;
  const missing = [...forElectron, ...(needsDisplay ? [forNoDisplay] : [])].filter(
    (part) => !part.present(),
  );
  if (missing.length === 0) return;

  const names = missing.map((part) => part.name).join(', ');
  if (!onPath('apt-get')) {
    throw new SetupError(
      `These are missing on this system: ${names}. Install the packages that hold them, then run the command again.`,
    );
  }
  if (process.getuid?.() !== 0) {
    const packages = missing.map(packageName).join(' ');
    throw new SetupError(
      `These are missing on this system: ${names}. Install them, then run the command again:\n\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages}\n`,
    );
  }
  await install(missing);
}

/** @param {readonly SystemPart[]} missing */
async function install(missing) {
  // A bare machine has no package lists, and without them no name can be chosen.
  const update = await capture('apt-get', ['update', '-qq']);
  const packages = missing.map(packageName);
  say(`installing system packages with apt: ${packages.join(' ')}`);
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const result = await capture('apt-get', args, { env });
  const left = missing.filter((part) => !part.present());
  if (result.code !== 0 || left.length > 0) {
    throw new SetupError(
      `apt-get could not install ${packages.join(' ')}:\n\n${update.code === 0 ? '' : update.output}${result.output}`,
    );
  }
}

/** @param {SystemPart} part */
function packageName(part) {
  const known = part.packages.find(
    (name) => spawnSync('apt-cache', ['show', '--no-all-versions', name]).status === 0,
  );
  return known ?? part.packages[part.packages.length - 1] ?? part.name;
}

/**
 * @param {string} file
 * @param {...string} packages
 * @returns {SystemPart}
 */
function library(file, ...packages) {
  return { name: file, packages, present: () => loadable().includes(`\t${file} `) };
}

/** What the dynamic linker finds. Read anew each time: installing changes it. */
function loadable() {
  const { stdout } = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  return stdout ?? '';
}

function hasFont() {
  const folders = ['/usr/share/fonts', '/usr/local/share/fonts', join(homedir(), '.fonts')];
  return [...folders, join(homedir(), '.local/share/fonts')].some(
    (folder) =>
      existsSync(folder) &&
      readdirSync(folder, { recursive: true }).some((file) =>
        /\.(ttf|otf|ttc|pfb)$/i.test(String(file)),
      ),
  );
}

/** @param {string} program */
function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)));
}
