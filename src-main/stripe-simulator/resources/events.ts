import type Stripe from 'stripe';
import { listPage } from '../list-page.ts';
import { noSuchObject } from '../object-collection.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';

const url = '/v1/events';
const keptFor = 30 * 24 * 60 * 60;
const mostTypes = 20;
const tidyEvery = 60 * 60;

/** Stripe shows events for 30 days; older ones go. */
export function forgetOldEvents(world: World): void {
  const events = world.collection('events');
  const tidied = world.kept<number>('events_tidied');
  const now = world.now();
  if (now - (tidied.get('at') ?? 0) < tidyEvery) return;
  tidied.set('at', now);
  const oldest = now - keptFor;
  const old = [...events.newestFirst()].filter(({ created }) => created < oldest);
  for (const { id } of old) events.remove(id);
}

export const eventRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: url,
    permission: 'rak_event_read',
    handle(world, { parameters }) {
      const given: Stripe.EventListParams = parameters;
      if (given.type !== undefined && given.types !== undefined) {
        throw new StripeRefusal(400, 'You may only specify one of these parameters: type, types.', {
          parameter: 'types',
        });
      }
      if ((given.types?.length ?? 0) > mostTypes) {
        throw new StripeRefusal(400, `You may pass up to ${mostTypes} types.`, {
          parameter: 'types',
        });
      }
      const wanted = given.types ?? (given.type === undefined ? undefined : [given.type]);
      return listPage(world.collection('events').newestFirst(), parameters, {
        url,
        where: (event) =>
          (wanted === undefined || wanted.some((type) => matches(event.type, type))) &&
          (given.delivery_success === undefined ||
            given.delivery_success === (event.pending_webhooks === 0)),
      });
    },
  },
  {
    method: 'GET',
    path: `${url}/{id}`,
    permission: 'rak_event_read',
    handle(world, { path: { id = '' } }) {
      const event = world.collection('events').get(id);
      if (event === undefined) throw noSuchObject('event', id);
      return event;
    },
  },
];

/** A type of a filter may end in a star, such as charge.* */
function matches(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}
