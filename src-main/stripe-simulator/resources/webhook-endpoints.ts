import type Stripe from 'stripe';
import { apiVersion } from '../create-world.ts';
import { clearable } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { mergeMetadata } from '../metadata.ts';
import { type Route, StripeRefusal } from '../route.ts';

const url = '/v1/webhook_endpoints';
const read = 'rak_webhook_read';
const write = 'rak_webhook_write';

/** Where events are sent. Only to this machine: a simulator has nothing to say to anybody else. */
function checkUrl(target: string): void {
  const parsed = URL.canParse(target) ? new URL(target) : undefined;
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(parsed?.hostname ?? '');
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol) && local) return;
  throw new StripeRefusal(
    400,
    'Invalid URL: the simulator sends events to this machine only, such as http://127.0.0.1:4242/stripe/webhook.',
    { code: 'url_invalid', parameter: 'url' },
  );
}

export const webhookEndpointRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: write,
    handle(world, { parameters }): Stripe.WebhookEndpoint {
      const given: Stripe.WebhookEndpointCreateParams = parameters;
      checkUrl(given.url);
      if (given.enabled_events.length === 0) {
        throw new StripeRefusal(400, 'enabled_events must name at least one type.', {
          parameter: 'enabled_events',
        });
      }
      const endpoint = world.collection('webhook_endpoints').insert({
        id: world.newId('we'),
        object: 'webhook_endpoint',
        api_version: given.api_version ?? apiVersion,
        application: null,
        created: world.now(),
        description: clearable(given.description, null),
        enabled_events: given.enabled_events,
        livemode: false,
        metadata: mergeMetadata(null, given.metadata),
        status: 'enabled',
        url: given.url,
      });
      const secret = world.newId('whsec');
      world.kept<string>('webhook_secrets').set(endpoint.id, secret);
      // Shown once, when it is created, and never again.
      return { ...endpoint, secret };
    },
  },
  {
    method: 'GET',
    path: url,
    permission: read,
    handle: (world, { parameters }) =>
      listPage(world.collection('webhook_endpoints').newestFirst(), parameters, { url }),
  },
  {
    method: 'GET',
    path: `${url}/{webhook_endpoint}`,
    permission: read,
    handle: (world, { path: { webhook_endpoint: id = '' } }) =>
      world.collection('webhook_endpoints').need(id),
  },
  {
    method: 'POST',
    path: `${url}/{webhook_endpoint}`,
    permission: write,
    handle(world, { path: { webhook_endpoint: id = '' }, parameters }) {
      const given: Stripe.WebhookEndpointUpdateParams = parameters;
      const endpoints = world.collection('webhook_endpoints');
      const before = endpoints.need(id);
      if (given.url !== undefined) checkUrl(given.url);
      return endpoints.update(id, {
        description: clearable(given.description, before.description),
        enabled_events: given.enabled_events ?? before.enabled_events,
        metadata: mergeMetadata(before.metadata, given.metadata),
        status:
          given.disabled === undefined ? before.status : given.disabled ? 'disabled' : 'enabled',
        url: given.url ?? before.url,
      });
    },
  },
  {
    method: 'DELETE',
    path: `${url}/{webhook_endpoint}`,
    permission: write,
    handle(world, { path: { webhook_endpoint: id = '' } }) {
      world.collection('webhook_endpoints').need(id);
      world.collection('webhook_endpoints').remove(id);
      world.kept('webhook_secrets').delete(id);
      return { id, object: 'webhook_endpoint', deleted: true };
    },
  },
];
