import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/** What a page or a call of the simulator's own (not of Stripe's API) is given. */
export type PageRequest = {
  /** Parts of the path, such as { session: 'cs_test_1' }. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** Fields of a form, or the JSON body. */
  readonly form: Readonly<Record<string, unknown>>;
};

/** What it may use. */
export type PageContext = { readonly world: World; readonly faults: Faults };

export type PageAnswer = {
  status?: number;
  /** A whole document. */
  html?: string;
  json?: unknown;
  /** Where to send the browser (303), instead of content. */
  redirect?: string;
};

/**
 * A page for people, or a call of the simulator's own. A GET changes nothing. The server lets no other website call it: the Host
 * must be the simulator's own, and the Origin too where there is one.
 */
export type Page = {
  readonly method: 'GET' | 'POST';
  /** Such as /pay/{session}. */
  readonly path: string;
  readonly handle: (context: PageContext, request: PageRequest) => PageAnswer | Promise<PageAnswer>;
};
