/** What others wrote, without the control characters that neither a screen nor the database takes. */
export function readableText(text: string): string {
  return text.replace(/[^\P{Cc}\t\n]+/gu, '');
}
