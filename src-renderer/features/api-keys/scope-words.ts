import { API_KEY_SCOPES, type ApiKeyScope } from '#shared/ipc/api-keys.ts';

const SCOPES: Record<ApiKeyScope, { label: string; sentence: string }> = {
  read: { label: 'Read', sentence: 'Balances, checks whether credits suffice, usage summaries.' },
  use: { label: 'Use', sentence: 'Use features, and set holds, capture and release them.' },
  report: { label: 'Report', sentence: 'Report metered usage, which Stripe bills.' },
  customers: { label: 'Customers', sentence: 'Make customers that the ledger does not know yet.' },
};

/** What a scope of a key is called, and what it lets a back end do. */
export function scopeWords(scope: ApiKeyScope) {
  return SCOPES[scope];
}

/** Scopes in their own order, as a part of a row: "Read, use, report". */
export function scopesInWords(scopes: readonly ApiKeyScope[]): string {
  return API_KEY_SCOPES.filter((scope) => scopes.includes(scope))
    .map((scope, at) => (at === 0 ? SCOPES[scope].label : SCOPES[scope].label.toLowerCase()))
    .join(', ');
}
