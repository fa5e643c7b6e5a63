import { moneyDigits } from '#shared/money.ts';
import { Html, html } from './html.ts';
import { style } from './style.ts';

const sections = [
  { path: '/', name: 'Payments' },
  { path: '/billing', name: 'Billing and clock' },
  { path: '/events', name: 'Events and webhooks' },
  { path: '/faults', name: 'Faults' },
] as const;

export type Section = (typeof sections)[number]['path'];

/** A whole document. Every one says that it is the simulator. */
export function document(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Stripe simulator</title>
<style>${new Html(style)}</style>
</head>
<body>
<aside class="banner" aria-label="Notice">Stripe simulator: no real money moves</aside>
${body}
</body>
</html>
`.text;
}

/** A page of the dashboard. `problem` says why what was just asked for could not be done. */
export function dashboardPage(section: Section, body: Html, problem?: string): string {
  const name = sections.find(({ path }) => path === section)?.name ?? '';
  return document(
    name,
    html`<header><h1>Stripe simulator</h1><nav aria-label="Sections">${sections.map(
      (each) =>
        html`<a href="${each.path}"${each.path === section ? html` aria-current="page"` : ''}>${each.name}</a>`,
    )}</nav></header>
<main>${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}${body}</main>`,
  );
}

/** Columns of numbers are headed where their numbers are: on the right. */
const isNumber = (heading: string) =>
  ['Amount', 'Due', 'Value', 'Hit so far', 'Webhooks to send'].includes(heading);

/** A table, or the sentence that says why there is none. */
export function table(headings: readonly string[], rows: readonly Html[], empty: string): Html {
  if (rows.length === 0) return html`<p class="quiet">${empty}</p>`;
  return html`<div class="scroll"><table><thead><tr>${headings.map((heading) =>
    isNumber(heading)
      ? html`<th scope="col" class="amount">${heading}</th>`
      : html`<th scope="col">${heading}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** A form that is only a button. */
export function button(
  path: string,
  label: string,
  options: { fields?: Readonly<Record<string, string>>; look?: 'primary' | 'danger' } = {},
): Html {
  return html`<form method="post" action="${path}">${hiddenFields(options.fields ?? {})}<button class="${options.look}">${label}</button></form>`;
}

function hiddenFields(fields: Readonly<Record<string, string>>): Html[] {
  return Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
}

/** Minor units as people read them, with the currency's own decimals: "9.99 USD", "500 JPY", "1.250 KWD". */
export function moneyText(amountMinor: number, currency: string): string {
  return `${moneyDigits({ amountMinor, currency })} ${currency.toUpperCase()}`;
}

/** An instant (seconds since 1970) in UTC, to the second. */
export function instantText(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** One text of a form; empty where it is absent. */
export function field(form: Readonly<Record<string, unknown>>, name: string): string {
  const value = form[name];
  return typeof value === 'string' ? value.trim() : '';
}

/** The latest objects, as many as a page shows. */
export function latest<T>(newestFirst: Iterable<T>, count = 50): T[] {
  const objects: T[] = [];
  for (const object of newestFirst) {
    if (objects.length === count) break;
    objects.push(object);
  }
  return objects;
}
