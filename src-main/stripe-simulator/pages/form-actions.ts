import type { Page, PageContext, PageRequest } from '../page.ts';
import { StripeRefusal } from '../route.ts';
import type { Section } from './document.ts';

type Action = (path: string, work: (context: PageContext, request: PageRequest) => void) => Page;

/**
 * Makes what the forms of one section do: the work, and then the section again. Where the simulator refuses, the section says
 * why, and that nothing was changed.
 */
export function formActions(
  section: Section,
  show: (context: PageContext, problem: string) => string,
): Action {
  return (path, work) => ({
    method: 'POST',
    path,
    handle(context, request) {
      try {
        work(context, request);
      } catch (error) {
        if (!(error instanceof StripeRefusal)) throw error;
        const problem = `${error.message} Nothing was changed.`;
        return { status: error.status, html: show(context, problem) };
      }
      return { redirect: section };
    },
  });
}
