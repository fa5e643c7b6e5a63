import { PLACEHOLDER } from './words.ts';

/** A piece of a line; `link`: the address it stands for. */
export type Part = { readonly text: string; readonly link?: string };
export type Line = readonly Part[];

// Settings take no other; what was written into the table by other means is shown and not linked.
const IS_WEB = /^https?:\/\//i;

/** The lines of a paragraph with the values put in, once: what a value holds is not looked at again. */
export function linesOf(paragraph: string, texts: ReadonlyMap<string, string>): Line[] {
  const lines: Line[] = [];
  for (const line of paragraph.trim().split('\n')) {
    const parts = partsOf(line.trimEnd(), texts);
    if (parts?.some(({ text }) => text.trim() !== '')) lines.push(parts);
  }
  return lines;
}

/** Undefined where a placeholder of the line has no value. */
function partsOf(line: string, texts: ReadonlyMap<string, string>): Line | undefined {
  const parts: Part[] = [];
  let end = 0;
  for (const found of line.matchAll(PLACEHOLDER)) {
    const name = found[1] ?? '';
    const text = texts.get(name);
    if (text === undefined) return undefined;
    parts.push({ text: line.slice(end, found.index) });
    parts.push(name === 'purchase_url' && IS_WEB.test(text) ? { text, link: text } : { text });
    end = found.index + found[0].length;
  }
  parts.push({ text: line.slice(end) });
  return parts.filter(({ text }) => text !== '');
}
