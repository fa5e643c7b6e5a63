#!/usr/bin/env node
// electron-builder makes a deb with fpm, a Ruby program that it downloads. Debian's own dpkg-deb does the same from a
// folder: this stands in for fpm (CUSTOM_FPM_PATH) and understands the arguments electron-builder gives.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

/** @type {import('node:util').ParseArgsConfig['options']} */
const known = {
  force: { type: 'boolean' },
  depends: { type: 'string', short: 'd', multiple: true },
  'deb-recommends': { type: 'string', multiple: true },
};
for (const name of [
  ...['name', 'version', 'architecture', 'maintainer', 'vendor', 'url', 'license', 'category'],
  ...['description', 'package', 'after-install', 'after-remove', 'deb-priority', 'deb-compression'],
]) {
  known[name] = { type: 'string' };
}
known['input-type'] = { type: 'string', short: 's' };
known['output-type'] = { type: 'string', short: 't' };

// An argument that is not known stops here: it would otherwise be lost without a word.
const { values, positionals } = parseArgs({ options: known, allowPositionals: true });
const given = (/** @type {string} */ name) => String(values[name] ?? '');
const list = (/** @type {string} */ name) =>
  /** @type {string[]} */ (values[name] ?? []).join(', ');

const root = mkdtempSync(join(tmpdir(), 'credit-console-deb-'));
// It becomes the root folder of the package, and a temporary folder is its owner's alone.
chmodSync(root, 0o755);
try {
  for (const mapping of positionals) copyInto(mapping);
  writeControl();
  const level = process.env.ELECTRON_BUILDER_COMPRESSION_LEVEL;
  const compression = [`-Z${given('deb-compression') || 'xz'}`, ...(level ? [`-z${level}`] : [])];
  run('dpkg-deb', ['--root-owner-group', ...compression, '--build', root, given('package')]);
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** @param {string} mapping `source=/target`, where a source that ends in a slash is a folder's content */
function copyInto(mapping) {
  const cut = mapping.lastIndexOf('=');
  const [source, target] = [mapping.slice(0, cut), join(root, mapping.slice(cut + 1))];
  if (statSync(source).isDirectory()) {
    mkdirSync(target, { recursive: true });
    run('cp', ['-a', `${source}/.`, target]);
    return;
  }
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target);
  chmodSync(target, 0o644);
}

function writeControl() {
  const folder = join(root, 'DEBIAN');
  mkdirSync(folder);
  const { stdout } = spawnSync('du', ['-sk', '--exclude=DEBIAN', root], { encoding: 'utf8' });
  // The first line of a description is its synopsis; further ones are indented, and none is empty.
  const [synopsis = '', ...rest] = given('description').trim().split('\n');
  const fields = {
    Package: given('name'),
    Version: given('version'),
    Architecture: given('architecture'),
    Maintainer: given('maintainer'),
    'Installed-Size': stdout.split('\t')[0],
    Depends: list('depends'),
    Recommends: list('deb-recommends'),
    Section: given('category') || 'misc',
    Priority: given('deb-priority') || 'optional',
    Homepage: given('url'),
    Description: [synopsis.trim(), ...rest.map((line) => ` ${line.trim() || '.'}`)].join('\n'),
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value ? [`${name}: ${value}`] : [],
  );
  writeFileSync(join(folder, 'control'), `${lines.join('\n')}\n`);
  for (const [option, script] of [
    ['after-install', 'postinst'],
    ['after-remove', 'postrm'],
  ]) {
    if (option === undefined || script === undefined || given(option) === '') continue;
    copyFileSync(given(option), join(folder, script));
    chmodSync(join(folder, script), 0o755);
  }
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function run(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ended with code ${status}`);
}
