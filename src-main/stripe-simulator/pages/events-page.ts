import type { Page, PageContext } from '../page.ts';
import { StripeRefusal } from '../route.ts';
import { dashboardPage, instantText, latest, table } from './document.ts';
import { html } from './html.ts';

/** The section of what happened: events, each with its content, and the endpoints that get them. */
export const eventPages: readonly Page[] = [
  { method: 'GET', path: '/events', handle: (context) => ({ html: eventsPage(context) }) },
  {
    method: 'GET',
    path: '/events/{event}',
    handle: ({ world }, { path }) => {
      const event = world.collection('events').get(path.event ?? '');
      if (event === undefined) throw new StripeRefusal(404, 'There is no such event.');
      return {
        html: dashboardPage(
          '/events',
          html`<h2>${event.type}</h2><p class="quiet"><code>${event.id}</code> · ${instantText(event.created)} · <a href="/events">All events</a></p>
<pre>${JSON.stringify(event, null, 2)}</pre>`,
        ),
      };
    },
  },
];

function eventsPage({ world }: PageContext): string {
  const endpoints = latest(world.collection('webhook_endpoints').newestFirst()).map(
    (endpoint) => html`<tr><td><code>${endpoint.url}</code></td><td>${endpoint.status}</td>
<td>${endpoint.enabled_events.includes('*') ? 'all events' : endpoint.enabled_events.join(', ')}</td></tr>`,
  );
  const events = latest(world.collection('events').newestFirst(), 100).map((event) => {
    const { object } = event.data;
    return html`<tr><td>${instantText(event.created)}</td><td><a href="/events/${event.id}">${event.type}</a></td>
<td><code>${'id' in object ? object.id : ''}</code></td><td class="amount">${event.pending_webhooks}</td></tr>`;
  });
  return dashboardPage(
    '/events',
    html`<h2>Webhook endpoints</h2>
<p class="quiet">Made with POST /v1/webhook_endpoints. Each event is sent to them, signed as Stripe signs.</p>
${table(['Address', 'Status', 'Gets'], endpoints, 'None: events wait to be asked for with GET /v1/events.')}
<h2>Latest events</h2>
${table(['Time', 'Event', 'Object', 'Webhooks to send'], events, 'Nothing happened yet.')}`,
  );
}
