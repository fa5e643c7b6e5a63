import { htmlOf } from './message-html.ts';
import { type Line, linesOf, type Part } from './message-lines.ts';
import { plainLine } from './plain-line.ts';
import { PLACEHOLDER, type Words } from './words.ts';

/** What stands for the placeholders. Text of others is taken as text, whatever it holds. */
export type MessageValues = {
  customer: string;
  /** Credits. */
  balance: number;
  /** Credits. */
  threshold: number;
  company: string | null;
  /** http or https. */
  purchaseUrl: string | null;
};

export type Message = { subject: string; text: string; html: string };

const SUBJECT_LENGTH_MAX = 250;
/** Where a template's subject is a placeholder without a value and nothing else. */
const NO_SUBJECT = 'Your credits';
const NAME_LENGTH_MAX = 200;

/**
 * A mail from a template: subject, and the same words as text and as HTML. A line with a placeholder that has no value (no
 * company's name, no address to buy at) is left out, and so is a paragraph of which nothing is left. Values cannot bring
 * markup, lines or placeholders of their own.
 */
export function renderMessage(words: Words, values: MessageValues): Message {
  const texts = textsOf(values);
  const filled = words.subject.replaceAll(PLACEHOLDER, (_, name: string) => texts.get(name) ?? '');
  const subject = plainLine(filled, SUBJECT_LENGTH_MAX) || NO_SUBJECT;
  const paragraphs = words.body
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n[^\S\n]*\n\s*/)
    .map((paragraph) => linesOf(paragraph, texts))
    .filter((lines) => lines.length > 0);
  const text = paragraphs.map((lines) => lines.map(textOf).join('\n')).join('\n\n');
  return {
    subject,
    text: `${text}\n`,
    html: htmlOf(subject, paragraphs),
  };
}

function textsOf(values: MessageValues): ReadonlyMap<string, string> {
  const { company, purchaseUrl } = values;
  return new Map([
    ['customer', plainLine(values.customer, NAME_LENGTH_MAX)],
    ['balance', values.balance.toLocaleString('en')],
    ['threshold', values.threshold.toLocaleString('en')],
    ...(company === null ? [] : [['company', plainLine(company, NAME_LENGTH_MAX)] as const]),
    ...(purchaseUrl === null ? [] : [['purchase_url', purchaseUrl] as const]),
  ]);
}

function textOf(line: Line): string {
  return line.map(({ text }: Part) => text).join('');
}
