import { StripeRefusal } from './route.ts';

/** The filter on an instant that Stripe's lists share: an exact second, or a range. Seconds since 1970. */
export type CreatedFilter = number | { gt?: number; gte?: number; lt?: number; lte?: number };

/** The parameters that every list of Stripe's has. */
export type ListParameters = {
  limit?: number;
  starting_after?: string;
  ending_before?: string;
  created?: CreatedFilter;
};

export const listParameters = [
  'limit',
  'starting_after',
  'ending_before',
  'created',
] as const satisfies readonly (keyof ListParameters)[];

/** One page, as Stripe answers lists. */
export type ListPage<T> = { object: 'list'; data: T[]; has_more: boolean; url: string };

const smallestPage = 1;
const largestPage = 100;
const usualPage = 10;

/**
 * One page of a list by Stripe's rules: newest first, 10 objects unless `limit` says 1 to 100; `starting_after` gives what
 * follows an object, `ending_before` the objects just before it. The filters `where` and `created` come before the paging.
 * @param objects newest first, or in whatever order the list has
 */
export function listPage<T extends { id: string }>(
  objects: Iterable<T>,
  parameters: ListParameters,
  options: { url: string; where?: (object: T) => boolean; created?: (object: T) => number },
): ListPage<T> {
  const limit = checkedLimit(parameters.limit);
  const { starting_after: after, ending_before: before } = parameters;
  if (after !== undefined && before !== undefined) {
    throw new StripeRefusal(
      400,
      'You may only specify one of these parameters: starting_after, ending_before.',
    );
  }
  const instantOf = options.created ?? createdOf;
  const shown = (object: T) =>
    (options.where?.(object) ?? true) && within(instantOf(object), parameters.created);
  const { data, has_more } =
    before === undefined
      ? following(objects, shown, limit, after)
      : preceding(objects, shown, limit, before);
  return { object: 'list', data, has_more, url: options.url };
}

function following<T extends { id: string }>(
  objects: Iterable<T>,
  shown: (object: T) => boolean,
  limit: number,
  after: string | undefined,
) {
  const data: T[] = [];
  let started = after === undefined;
  for (const object of objects) {
    if (!started) {
      started = object.id === after;
      continue;
    }
    if (!shown(object)) continue;
    if (data.length === limit) return { data, has_more: true };
    data.push(object);
  }
  if (!started) throw noSuchCursor('starting_after', after);
  return { data, has_more: false };
}

/** The page just before an object is still newest first; `has_more` speaks of what is newer than the page. */
function preceding<T extends { id: string }>(
  objects: Iterable<T>,
  shown: (object: T) => boolean,
  limit: number,
  before: string,
) {
  const newer: T[] = [];
  for (const object of objects) {
    if (object.id === before) {
      return { data: newer.slice(-limit), has_more: newer.length > limit };
    }
    if (shown(object)) newer.push(object);
  }
  throw noSuchCursor('ending_before', before);
}

/** Whether an instant (seconds since 1970) passes Stripe's `created` filter. */
export function within(instant: number, filter: CreatedFilter | undefined): boolean {
  if (filter === undefined) return true;
  if (typeof filter === 'number') return instant === filter;
  return (
    (filter.gt === undefined || instant > filter.gt) &&
    (filter.gte === undefined || instant >= filter.gte) &&
    (filter.lt === undefined || instant < filter.lt) &&
    (filter.lte === undefined || instant <= filter.lte)
  );
}

function createdOf(object: object): number {
  return 'created' in object && typeof object.created === 'number' ? object.created : 0;
}

function checkedLimit(limit: number | undefined): number {
  if (limit === undefined) return usualPage;
  if (!Number.isInteger(limit)) {
    throw new StripeRefusal(400, `Invalid integer: ${limit}`, {
      code: 'parameter_invalid_integer',
      parameter: 'limit',
    });
  }
  if (limit < smallestPage) {
    throw new StripeRefusal(400, 'This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      parameter: 'limit',
    });
  }
  if (limit > largestPage) {
    throw new StripeRefusal(400, 'This value must be less than or equal to 100.', {
      code: 'parameter_invalid_integer',
      parameter: 'limit',
    });
  }
  return limit;
}

function noSuchCursor(parameter: string, id: string | undefined): StripeRefusal {
  return new StripeRefusal(400, `No such object: '${id}'`, { code: 'resource_missing', parameter });
}
