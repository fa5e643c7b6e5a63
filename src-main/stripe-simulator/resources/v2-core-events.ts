import { thinEvents } from '../billing/meter-errors.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { ThinEvent, World } from '../world.ts';

const url = '/v2/core/events';
const usualLimit = 20;
const mostLimit = 100;
const mostTypes = 20;

/** What a list of API v2 takes; all of it is text, and a page is named by the `next_page_url` of the one before. */
type EventList = {
  types?: string[] | Record<string, string>;
  object_id?: string;
  limit?: string;
  page?: string;
};

export const thinEventRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: url,
    permission: 'rak_event_read',
    // The type of stripe-node has no `page`, which its own paging sends.
    unchecked: true,
    handle: (world, { parameters }) => listEvents(world, parameters),
  },
  {
    method: 'GET',
    path: `${url}/{event}`,
    permission: 'rak_event_read',
    handle: (world, { path }) => {
      const event = thinEvents(world).get(path.event ?? '');
      if (!event) {
        throw new StripeRefusal(404, `Event ${path.event} not found.`, { code: 'not_found' });
      }
      return event;
    },
  },
];

function listEvents(world: World, given: EventList) {
  for (const name of Object.keys(given)) {
    if (!['types', 'object_id', 'limit', 'page'].includes(name)) {
      throw new StripeRefusal(400, `Received unknown parameter: ${name}`, {
        code: 'parameter_unknown',
        parameter: name,
      });
    }
  }
  const types = Object.values(given.types ?? []);
  const limit = Number(given.limit ?? usualLimit);
  if (types.length > mostTypes) {
    throw new StripeRefusal(400, `types can have at most ${mostTypes} names.`, {
      parameter: 'types',
    });
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > mostLimit) {
    throw new StripeRefusal(400, `limit must be between 1 and ${mostLimit}.`, {
      parameter: 'limit',
    });
  }
  const wanted = [...thinEvents(world).values()]
    .reverse()
    .filter(
      (event) =>
        (types.length === 0 || types.includes(event.type)) &&
        (given.object_id === undefined || event.related_object?.id === given.object_id),
    );
  const start = given.page === undefined ? 0 : startOfPage(wanted, given.page);
  const data = wanted.slice(start, start + limit);
  const last = data.at(-1);
  const more = last !== undefined && start + limit < wanted.length;
  return {
    data,
    next_page_url: more ? pageUrl(last.id, given, types, limit) : null,
    previous_page_url: null,
  };
}

/** A page begins after the event that names it. */
function startOfPage(events: readonly ThinEvent[], page: string): number {
  const index = events.findIndex((event) => event.id === page);
  if (index < 0) {
    throw new StripeRefusal(400, 'The page does not exist any more.', { parameter: 'page' });
  }
  return index + 1;
}

function pageUrl(page: string, given: EventList, types: readonly string[], limit: number): string {
  const query = new URLSearchParams({ page, limit: String(limit) });
  for (const type of types) {
    query.append('types[]', type);
  }
  if (given.object_id !== undefined) {
    query.set('object_id', given.object_id);
  }
  return `${url}?${query}`;
}
