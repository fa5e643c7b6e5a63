import type { Line } from './message-lines.ts';

const FACE = 'Helvetica, Arial, sans-serif';
const INK = '#1f2933';
const BUTTON = '#1f5fbf';

/**
 * A whole HTML document of the lines. Attributes only, neither style nor anything from elsewhere: it shows the same under the
 * strict policy of the preview's frame and in mail programs, which agree on little else.
 */
export function htmlOf(title: string, paragraphs: readonly Line[][]): string {
  return `<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title></head>
<body bgcolor="#f2f4f7" text="${INK}">
<table role="presentation" width="100%" cellpadding="16" cellspacing="0" border="0" bgcolor="#f2f4f7"><tr><td align="center">
<table role="presentation" width="560" cellpadding="24" cellspacing="0" border="0" bgcolor="#ffffff"><tr><td align="left">
${paragraphs.map(paragraphHtml).join('\n')}
</td></tr></table>
</td></tr></table>
</body>
</html>
`;
}

function paragraphHtml(lines: readonly Line[]): string {
  const blocks: string[] = [];
  let open: string[] = [];
  const close = () => {
    if (open.length > 0) blocks.push(`<p>${font(open.join('<br>\n'), INK)}</p>`);
    open = [];
  };
  for (const line of lines) {
    const button = buttonOf(line);
    if (button === undefined) open.push(line.map(partHtml).join(''));
    else {
      close();
      blocks.push(button);
    }
  }
  close();
  return blocks.join('\n');
}

/** A line of words that ends with the address, such as “Get more credits: https://…”, is a button that says those words. */
function buttonOf(line: Line): string | undefined {
  const last = line.at(-1);
  if (last?.link === undefined || line.slice(0, -1).some(({ link }) => link !== undefined)) {
    return undefined;
  }
  const words = line.slice(0, -1).map(({ text }) => text);
  const label = words
    .join('')
    .trim()
    .replace(/[\s:–—-]+$/, '');
  if (label === '' || label.length > 60) return undefined;
  const inside = font(`<b>${escapeHtml(label)}</b>`, '#ffffff');
  return `<table role="presentation" cellpadding="12" cellspacing="0" border="0"><tr><td bgcolor="${BUTTON}" align="center"><a href="${escapeHtml(last.link)}">${inside}</a></td></tr></table>`;
}

function partHtml({ text, link }: Line[number]): string {
  const shown = escapeHtml(text);
  return link === undefined ? shown : `<a href="${escapeHtml(link)}">${shown}</a>`;
}

function font(inside: string, color: string): string {
  return `<font face="${FACE}" size="3" color="${color}">${inside}</font>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML shows it, in an element or in a quoted attribute. */
function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}
