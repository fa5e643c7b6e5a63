import type { Page } from '../page.ts';
import { document } from './document.ts';
import { html } from './html.ts';

/** Where a checkout may lead to, paid or not, for who has no page of their own to go back to. */
export const donePages: readonly Page[] = [
  {
    method: 'GET',
    path: '/done',
    handle: () => ({
      html: document(
        'Done',
        html`<main><section class="checkout">
<h1>You can close this page</h1>
<p>The shop learns by itself what became of the payment.</p>
</section></main>`,
      ),
    }),
  },
];
