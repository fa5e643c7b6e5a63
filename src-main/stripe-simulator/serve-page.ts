import { parse } from 'qs';
import type { Answer, HttpRequest } from './api-call.ts';
import type { PageContext } from './page.ts';
import { pages } from './page-list.ts';
import { contentSecurityPolicy } from './pages/style.ts';
import { pathPattern } from './path-match.ts';
import { StripeRefusal } from './route.ts';

const patterns = pages.map((page) => ({ page, match: pathPattern(page.path) }));

/** Answers a request that is not one of Stripe's API: a page of the simulator, or one of its own calls. */
export async function handlePage(
  context: PageContext & { readonly tick: () => void },
  request: HttpRequest,
): Promise<Answer> {
  const { origin } = request.headers;
  if (origin !== undefined && origin !== context.world.baseUrl) {
    return answerText(403, 'Another website may not use the simulator.');
  }
  context.tick();
  for (const { page, match } of patterns) {
    if (page.method !== request.method) continue;
    const path = match(request.path);
    if (path === undefined) continue;
    try {
      const answered = await page.handle(context, {
        path,
        query: parse(request.query),
        form: fieldsOf(request),
      });
      if (answered.redirect !== undefined) {
        return { status: 303, headers: { location: answered.redirect }, body: '' };
      }
      if (answered.html !== undefined) {
        return {
          status: answered.status ?? 200,
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'cache-control': 'no-store',
            'content-security-policy': contentSecurityPolicy,
            'referrer-policy': 'same-origin',
            'x-frame-options': 'DENY',
            'x-content-type-options': 'nosniff',
          },
          body: answered.html,
        };
      }
      return {
        status: answered.status ?? 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(answered.json ?? {}),
      };
    } catch (error) {
      if (error instanceof StripeRefusal) return answerText(error.status, error.message);
      throw error;
    }
  }
  return answerText(404, 'The simulator has no such page.');
}

function fieldsOf(request: HttpRequest): Record<string, unknown> {
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return parse(request.body, { depth: 5 });
  }
  try {
    const value: unknown = JSON.parse(request.body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function answerText(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}
