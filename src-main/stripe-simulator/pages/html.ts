/** A piece of HTML whose inserted texts are escaped. Made by `html` only. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Insert = string | number | Html | readonly Insert[] | false | null | undefined;

/** HTML from a template. Inserted texts are escaped, other HTML is taken as it is, lists are joined, nothing is left out. */
export function html(fixed: TemplateStringsArray, ...inserts: readonly Insert[]): Html {
  return new Html(
    fixed
      .map((text, index) => (index === 0 ? text : `${written(inserts[index - 1])}${text}`))
      .join(''),
  );
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function written(insert: Insert): string {
  if (insert === undefined || insert === null || insert === false) return '';
  if (insert instanceof Html) return insert.text;
  if (typeof insert === 'object') return insert.map(written).join('');
  return String(insert).replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '');
}
