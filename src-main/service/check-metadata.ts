import type { z } from 'zod';

const DEPTH_MAX = 20;

/**
 * Refuses metadata that would come back as something else than was sent, or not be stored at all: characters that PostgreSQL
 * has no place for, numbers that JavaScript rounds, and nesting that nobody reads.
 */
export function refuseMetadata(
  metadata: Record<string, unknown>,
  context: z.core.$RefinementCtx,
): void {
  const why = wrongWith(metadata, 0);
  if (why !== undefined) context.addIssue({ code: 'custom', message: why });
}

function wrongWith(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return wrongText(value);
  if (typeof value === 'number') {
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
      ? undefined
      : 'holds a number beyond ±9007199254740991: write it as text';
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= DEPTH_MAX) return `is nested more than ${DEPTH_MAX} deep`;
  for (const [name, item] of Object.entries(value)) {
    const why = wrongText(name) ?? wrongWith(item, depth + 1);
    if (why !== undefined) return why;
  }
  return undefined;
}

function wrongText(text: string): string | undefined {
  if (text.includes('\0')) return 'holds the character U+0000, which cannot be stored';
  return /\p{Cs}/u.test(text) ? 'holds half a character (a lone surrogate)' : undefined;
}
