import { AppError } from '#shared/errors.ts';
import { TEMPLATE_PLACEHOLDERS } from '#shared/ipc/notifications.ts';

/** A template as people write it: placeholders as {{name}}, paragraphs of the body apart by a blank line. */
export type Words = { readonly subject: string; readonly body: string };

/** A placeholder, known or not; its name is the first group. */
export const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** Refuses words with a placeholder that nothing stands for. Errors: invalid_argument (fields `${prefix}subject`, `${prefix}body`). */
export function checkWords(words: Words, prefix = ''): void {
  const fields: Record<string, string> = {};
  for (const part of ['subject', 'body'] as const) {
    const unknown = unknownPlaceholders(words[part]);
    if (unknown.length > 0) fields[`${prefix}${part}`] = `has the unknown ${unknown.join(', ')}`;
  }
  if (Object.keys(fields).length === 0) return;
  const known = TEMPLATE_PLACEHOLDERS.map((name) => `{{${name}}}`).join(', ');
  throw new AppError(
    'invalid_argument',
    `The words hold a placeholder that nothing stands for. Nothing was changed. There are ${known}.`,
    { fields },
  );
}

function unknownPlaceholders(text: string): string[] {
  const names = [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
  const unknown = names.filter(
    (name) => !(TEMPLATE_PLACEHOLDERS as readonly string[]).includes(name),
  );
  return [...new Set(unknown)].map((name) => `{{${name}}}`);
}
