import { z } from 'zod';

// Line breaks and tabs are text; the rest of C0, DEL, C1 and the bidirectional overrides only serve to mislead a reader.
const MISLEADING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Text typed by a person: trimmed, not empty, at most `max` characters, without control characters. */
export function requiredText(max: number) {
  return z
    .string()
    .max(max, { error: `at most ${max.toLocaleString('en')} characters` })
    .refine((text) => !MISLEADING.test(text), { error: 'must not contain control characters' })
    .transform((text) => text.trim())
    .refine((text) => text.length > 0, { error: 'is required' });
}

/** As requiredText, but may be left out. An empty string counts as left out. */
export function optionalText(max: number) {
  return z
    .string()
    .max(max, { error: `at most ${max.toLocaleString('en')} characters` })
    .refine((text) => !MISLEADING.test(text), { error: 'must not contain control characters' })
    .transform((text) => text.trim() || undefined)
    .optional();
}
