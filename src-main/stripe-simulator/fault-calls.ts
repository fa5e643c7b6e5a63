import { type FaultRule, faultKinds } from './faults.ts';
import type { Page } from './page.ts';

/** Faults over HTTP, for what runs in another process: GET lists, POST adds a rule (JSON or form), POST …/clear removes all. */
export const faultCalls: readonly Page[] = [
  {
    method: 'GET',
    path: '/simulator/faults',
    handle: ({ faults }) => ({ json: { faults: faults.list() } }),
  },
  {
    method: 'POST',
    path: '/simulator/faults',
    handle({ faults }, { form }) {
      const rule = ruleFrom(form);
      if (typeof rule === 'string') return { status: 400, json: { error: { message: rule } } };
      return { json: { id: faults.add(rule) } };
    },
  },
  {
    method: 'POST',
    path: '/simulator/faults/clear',
    handle({ faults }) {
      faults.clear();
      return { json: { faults: [] } };
    },
  },
];

const methods = ['GET', 'POST', 'DELETE'] as const;

/** A rule, or what is wrong with the fields. */
export function ruleFrom(form: Readonly<Record<string, unknown>>): FaultRule | string {
  const kind = faultKinds.find((known) => known === String(form.kind));
  if (kind === undefined) return `kind must be one of ${faultKinds.join(', ')}.`;
  const method = methods.find((known) => known === form.method);
  if (form.method !== undefined && form.method !== '' && method === undefined) {
    return `method must be one of ${methods.join(', ')}.`;
  }
  const rule: FaultRule = { kind };
  if (method !== undefined) rule.method = method;
  if (typeof form.path === 'string' && form.path !== '') rule.path = form.path;
  for (const name of ['times', 'share', 'seed', 'milliseconds'] as const) {
    if (form[name] === undefined || form[name] === '') continue;
    const value = Number(form[name]);
    if (!Number.isFinite(value) || value < 0) return `${name} must be a number, 0 or more.`;
    rule[name] = value;
  }
  return rule;
}
