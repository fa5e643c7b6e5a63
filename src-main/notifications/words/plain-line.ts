/**
 * Text of others as one line: no line breaks, no control characters, nothing that turns the direction of what follows; at most
 * `max` characters, none of which is cut in two.
 */
export function plainLine(text: string, max: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this takes out
  const misleading = /[\s\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;
  const line = text.replaceAll(misleading, ' ').trim();
  return line.length <= max ? line : [...line].slice(0, max).join('');
}
