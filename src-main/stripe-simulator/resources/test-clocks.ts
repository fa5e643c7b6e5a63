import type Stripe from 'stripe';
import { advance } from '../billing-control.ts';
import { rememberDeleted } from '../fields.ts';
import { listPage } from '../list-page.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { readRoutes } from './read-routes.ts';

const url = '/v1/test_helpers/test_clocks';
const lifeSeconds = 30 * 86_400;

/**
 * Test clocks. The simulator has one clock for everything, and a test clock is a handle on it: advancing one moves the time of the whole
 * world, not only of its customers, and is done ("ready") when the answer comes. Its frozen time is where it was last advanced to.
 */
export const testClockRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: url,
    permission: 'rak_billing_clock_write',
    handle: (world, { parameters }) => createClock(world, parameters),
  },
  ...readRoutes({
    url,
    collection: 'test_clocks',
    permission: 'rak_billing_clock_read',
    list: (world, given: Stripe.TestHelpers.TestClockListParams) =>
      listPage(world.collection('test_clocks').newestFirst(), given, { url }),
  }),
  {
    method: 'POST',
    path: `${url}/{clock}/advance`,
    permission: 'rak_billing_clock_write',
    handle: (world, { path, parameters }) => advanceClock(world, path.clock ?? '', parameters),
  },
  {
    method: 'DELETE',
    path: `${url}/{clock}`,
    permission: 'rak_billing_clock_write',
    handle: (world, { path }) => deleteClock(world, path.clock ?? ''),
  },
];

function createClock(
  world: World,
  given: Stripe.TestHelpers.TestClockCreateParams,
): Stripe.TestHelpers.TestClock {
  if (given.frozen_time > world.now()) {
    // The one clock would have to jump for a clock that nobody advanced yet.
    advance(world, given.frozen_time);
  }
  if (given.customer !== undefined) {
    world.collection('customers').need(given.customer, 'customer');
  }
  const clock = world.collection('test_clocks').insert({
    id: world.newId('clock'),
    object: 'test_helpers.test_clock',
    created: world.now(),
    deletes_after: world.now() + lifeSeconds,
    frozen_time: given.frozen_time,
    livemode: false,
    name: given.name ?? null,
    status: 'ready',
    status_details: {},
  });
  if (given.customer !== undefined) {
    world.collection('customers').update(given.customer, { test_clock: clock.id });
  }
  world.emit('test_helpers.test_clock.created', clock);
  return clock;
}

function advanceClock(
  world: World,
  id: string,
  given: Stripe.TestHelpers.TestClockAdvanceParams,
): Stripe.TestHelpers.TestClock {
  const clock = world.collection('test_clocks').need(id);
  if (given.frozen_time <= clock.frozen_time) {
    throw new StripeRefusal(
      400,
      'A test clock can only be advanced to a time after its frozen time.',
      { parameter: 'frozen_time' },
    );
  }
  if (given.frozen_time > world.now()) {
    advance(world, given.frozen_time);
  }
  const ready = world.collection('test_clocks').update(id, { frozen_time: given.frozen_time });
  world.emit('test_helpers.test_clock.ready', ready);
  return ready;
}

function deleteClock(world: World, id: string): Stripe.TestHelpers.DeletedTestClock {
  const clock = world.collection('test_clocks').need(id);
  world.collection('test_clocks').remove(id);
  rememberDeleted(world, id, 'test_helpers.test_clock');
  world.emit('test_helpers.test_clock.deleted', clock);
  return { id, object: 'test_helpers.test_clock', deleted: true };
}
