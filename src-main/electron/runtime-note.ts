import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const buildInfoSchema = z.object({ electron: z.string(), runtime: z.string() });

/** A sentence for About where the app runs on another Electron than the one that ships; null on that one. */
export function runtimeNote(): string | null {
  const { electron } = process.versions;
  try {
    // The build leaves it beside the bundle.
    const text = readFileSync(join(import.meta.dirname, 'build-info.json'), 'utf8');
    const info = buildInfoSchema.parse(JSON.parse(text));
    if (info.runtime !== 'fallback') return null;
  } catch {
    return null;
  }
  return `Development fallback: Electron ${electron}, because the official Electron could not be downloaded. Not for release.`;
}
