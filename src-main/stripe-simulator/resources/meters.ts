import type Stripe from 'stripe';
import { aggregate, countingEvents, startOfWindow } from '../billing/usage.ts';
import { listPage } from '../list-page.ts';
import { type Route, type SimulatedRequest, StripeRefusal } from '../route.ts';
import type { MeterEventRecord, World } from '../world.ts';

const url = '/v1/billing/meters';
const longestName = 100;
const windowSeconds = { hour: 3600, day: 86_400 } as const;

export const meterRoutes: readonly Route[] = [
  write(url, (world, { parameters }) => createMeter(world, parameters)),
  read(url, (world, { parameters }) => {
    const given: Stripe.Billing.MeterListParams = parameters;
    return listPage(world.collection('meters').newestFirst(), given, {
      url,
      where: (meter) => given.status === undefined || meter.status === given.status,
    });
  }),
  read(`${url}/{meter}`, meterOf),
  write(`${url}/{meter}`, (world, request) => {
    const given: Stripe.Billing.MeterUpdateParams = request.parameters;
    const meter = meterOf(world, request);
    return changed(world, meter, 'billing.meter.updated', {
      display_name: given.display_name ?? meter.display_name,
    });
  }),
  write(`${url}/{meter}/deactivate`, (world, request) =>
    setStatus(world, meterOf(world, request), 'inactive'),
  ),
  write(`${url}/{meter}/reactivate`, (world, request) =>
    setStatus(world, meterOf(world, request), 'active'),
  ),
  read(`${url}/{meter}/event_summaries`, (world, request) =>
    summaries(world, meterOf(world, request), request.parameters),
  ),
];

function read(path: string, handle: Route['handle']): Route {
  return { method: 'GET', path, permission: 'rak_billing_meter_read', handle };
}

function write(path: string, handle: Route['handle']): Route {
  return { method: 'POST', path, permission: 'rak_billing_meter_write', handle };
}

function meterOf(world: World, { path }: SimulatedRequest): Stripe.Billing.Meter {
  return world.collection('meters').need(path.meter ?? '');
}

function createMeter(world: World, given: Stripe.Billing.MeterCreateParams): Stripe.Billing.Meter {
  if (given.event_name === '' || given.event_name.length > longestName) {
    throw new StripeRefusal(
      400,
      `Invalid string: event_name must have 1 to ${longestName} characters.`,
      { parameter: 'event_name' },
    );
  }
  const other = [...world.collection('meters').newestFirst()].find(
    (meter) => meter.event_name === given.event_name && meter.status === 'active',
  );
  if (other) {
    throw new StripeRefusal(
      400,
      `An active meter with event name '${given.event_name}' already exists: ${other.id}`,
      {
        code: 'resource_already_exists',
        parameter: 'event_name',
      },
    );
  }
  const meter = world.collection('meters').insert({
    id: world.newId('mtr'),
    object: 'billing.meter',
    created: world.now(),
    customer_mapping: given.customer_mapping ?? {
      type: 'by_id',
      event_payload_key: 'stripe_customer_id',
    },
    default_aggregation: { formula: given.default_aggregation.formula },
    display_name: given.display_name,
    event_name: given.event_name,
    event_time_window: given.event_time_window ?? null,
    livemode: false,
    status: 'active',
    status_transitions: { deactivated_at: null },
    updated: world.now(),
    value_settings: given.value_settings ?? { event_payload_key: 'value' },
  });
  world.emit('billing.meter.created', meter);
  return meter;
}

function setStatus(
  world: World,
  meter: Stripe.Billing.Meter,
  status: 'active' | 'inactive',
): Stripe.Billing.Meter {
  if (meter.status === status) {
    throw new StripeRefusal(400, `This meter is already ${status}.`);
  }
  return changed(
    world,
    meter,
    status === 'active' ? 'billing.meter.reactivated' : 'billing.meter.deactivated',
    {
      status,
      status_transitions: { deactivated_at: status === 'inactive' ? world.now() : null },
    },
  );
}

function changed(
  world: World,
  meter: Stripe.Billing.Meter,
  type: Stripe.Event['type'],
  change: Partial<Stripe.Billing.Meter>,
): Stripe.Billing.Meter {
  const updated = world.collection('meters').update(meter.id, { ...change, updated: world.now() });
  world.emit(type, updated);
  return updated;
}

/** The usage of a customer in [start_time, end_time): one row, or one for each hour or (UTC) day with usage, newest first. */
function summaries(
  world: World,
  meter: Stripe.Billing.Meter,
  given: Stripe.Billing.MeterListEventSummariesParams,
) {
  world.collection('customers').need(given.customer, 'customer');
  const window = given.value_grouping_window;
  checkAlignment(given.start_time, 'start_time', window);
  checkAlignment(given.end_time, 'end_time', window);
  if (given.start_time >= given.end_time) {
    throw new StripeRefusal(400, 'The end_time must be after the start_time.', {
      parameter: 'end_time',
    });
  }
  const events = countingEvents(world, meter, given.customer, {
    start: given.start_time,
    end: given.end_time,
  });
  const rows =
    window === undefined
      ? [row(meter, given.customer, events, { start: given.start_time, end: given.end_time })]
      : groupedRows(meter, given.customer, events, window);
  return listPage(rows, given, { url: `${url}/${meter.id}/event_summaries` });
}

function groupedRows(
  meter: Stripe.Billing.Meter,
  customer: string,
  events: readonly MeterEventRecord[],
  window: Stripe.Billing.MeterListEventSummariesParams.ValueGroupingWindow,
): Stripe.Billing.MeterEventSummary[] {
  const grouped = new Map<number, MeterEventRecord[]>();
  for (const event of events) {
    const start = startOfWindow(event.timestamp, window);
    const known = grouped.get(start);
    if (known) {
      known.push(event);
    } else {
      grouped.set(start, [event]);
    }
  }
  const length = windowSeconds[window === 'day' ? 'day' : 'hour'];
  return [...grouped]
    .sort(([one], [other]) => other - one)
    .map(([start, inside]) => row(meter, customer, inside, { start, end: start + length }));
}

function row(
  meter: Stripe.Billing.Meter,
  customer: string,
  events: readonly MeterEventRecord[],
  { start, end }: { start: number; end: number },
): Stripe.Billing.MeterEventSummary {
  return {
    // The same row has the same id each time, so that pages can go on after it.
    id: `mtrusg_${meter.id}_${customer}_${start}_${end}`,
    object: 'billing.meter_event_summary',
    aggregated_value: Number(aggregate(meter, events)),
    end_time: end,
    livemode: false,
    meter: meter.id,
    start_time: start,
  };
}

function checkAlignment(
  seconds: number,
  parameter: string,
  window: Stripe.Billing.MeterListEventSummariesParams.ValueGroupingWindow | undefined,
): void {
  const unit = window === 'day' ? 86_400 : window === 'hour' ? 3600 : 60;
  if (seconds % unit !== 0) {
    const boundary = { 86400: 'UTC day', 3600: 'hour', 60: 'minute' }[unit];
    throw new StripeRefusal(400, `The ${parameter} must be aligned with ${boundary} boundaries.`, {
      parameter,
    });
  }
}
