import { ruleFrom } from '../fault-calls.ts';
import { faultKinds } from '../faults.ts';
import type { Page, PageContext } from '../page.ts';
import { button, dashboardPage, table } from './document.ts';
import { html } from './html.ts';

/** The section where requests are made to fail, and the calls of its forms. */
export const faultPages: readonly Page[] = [
  { method: 'GET', path: '/faults', handle: (context) => ({ html: faultsPage(context) }) },
  {
    method: 'POST',
    path: '/faults',
    handle(context, { form }) {
      const rule = ruleFrom(form);
      if (typeof rule === 'string') return { status: 400, html: faultsPage(context, rule) };
      context.faults.add(rule);
      return { redirect: '/faults' };
    },
  },
  {
    method: 'POST',
    path: '/faults/{fault}/remove',
    handle({ faults }, { path }) {
      faults.remove(path.fault ?? '');
      return { redirect: '/faults' };
    },
  },
  {
    method: 'POST',
    path: '/faults/remove-all',
    handle({ faults }) {
      faults.clear();
      return { redirect: '/faults' };
    },
  },
];

const explanations: Readonly<Record<(typeof faultKinds)[number], string>> = {
  '429': '429: too many requests',
  '500': '500: fails, and the same key gets the same failure again',
  '503': '503: not available',
  '401': '401: the key is not accepted',
  '403': '403: the key may not do this',
  slow: 'slow: answers after a while',
  cut_before: 'cut before: the connection ends, nothing was done',
  cut_after: 'cut after: the work is done, its answer is lost',
};

function faultsPage({ faults }: PageContext, problem?: string): string {
  const rows = faults.list().map(
    (fault) => html`<tr><td>${explanations[fault.kind]}</td>
<td>${fault.method ?? 'any'} <code>${fault.path ?? 'any path'}</code></td>
<td>${fault.times === undefined ? 'until removed' : `${fault.times - fault.hits} more`}${
      fault.share !== undefined && `, ${Math.round(fault.share * 100)}% of them`
    }</td><td class="amount">${fault.hits}</td>
<td>${button(`/faults/${fault.id}/remove`, 'Remove')}</td></tr>`,
  );
  return dashboardPage(
    '/faults',
    html`<h2>Faults in force</h2>
${table(
  ['Fault', 'Requests', 'For', 'Hit so far', 'Actions'],
  rows,
  'None: every request is answered.',
)}
${rows.length > 0 && button('/faults/remove-all', 'Remove all')}
<h2>Make requests fail</h2>
<form method="post" action="/faults">
<label>Fault<select name="kind">${faultKinds.map(
      (kind) => html`<option value="${kind}">${explanations[kind]}</option>`,
    )}</select></label>
<label>Method<select name="method"><option value="">any</option><option>GET</option><option>POST</option><option>DELETE</option></select></label>
<label>Paths that start with<input name="path" placeholder="/v1/refunds"></label>
<label>How many requests<input name="times" inputmode="numeric" value="1"></label>
<label>Share of them, 0 to 1<input name="share" inputmode="decimal" placeholder="1"></label>
<label>Wait, milliseconds (slow)<input name="milliseconds" inputmode="numeric" placeholder="2000"></label>
<button class="primary">Add fault</button></form>
<p class="quiet">An empty number of requests means all of them, until the fault is removed.</p>`,
    problem,
  );
}
