import { randomUUID } from 'node:crypto';
import type Stripe from 'stripe';
import { type AsyncErrorCode, reportMeterError } from '../billing/meter-errors.ts';
import { findMeterEvent, identifierWindow } from '../billing/usage.ts';
import { missingParameter } from '../missing-parameter.ts';
import { type Route, StripeRefusal } from '../route.ts';
import type { MeterEventRecord, World } from '../world.ts';

const daySeconds = 86_400;
const oldestDays = 35;
const newestSeconds = 5 * 60;
const longestIdentifier = 100;
const mostDigits = 15;

export const meterEventRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/billing/meter_events',
    permission: 'rak_billing_meter_event_write',
    handle: (world, { parameters }) => createMeterEvent(world, parameters),
  },
  {
    method: 'POST',
    path: '/v1/billing/meter_event_adjustments',
    permission: 'rak_billing_meter_event_write',
    handle: (world, { parameters }) => cancelMeterEvent(world, parameters),
  },
];

/**
 * Receives usage. Refused at once: an unknown or inactive meter, an identifier used within 24 hours, a time outside of the window, a value
 * that is no whole number. Found out later, and told by an event of API v2: a payload without its customer, an unknown customer.
 */
function createMeterEvent(
  world: World,
  given: Stripe.Billing.MeterEventCreateParams,
): Stripe.Billing.MeterEvent {
  const meter = meterNamed(world, given.event_name);
  const identifier = given.identifier ?? randomUUID();
  checkIdentifier(world, identifier);
  const timestamp = given.timestamp ?? world.now();
  checkTimestamp(world, timestamp);
  const value = checkedValue(meter, given.payload);
  const customer = given.payload[meter.customer_mapping.event_payload_key] ?? '';
  const record: MeterEventRecord = {
    identifier,
    eventName: given.event_name,
    customer,
    value,
    timestamp,
    receivedAt: world.now(),
    cancelled: false,
    error: asyncError(world, customer),
  };
  world.meterEvents.push(record);
  noteChange(world);
  if (record.error !== null) {
    reportMeterError(world, record, record.error as AsyncErrorCode);
  }
  return {
    object: 'billing.meter_event',
    created: world.now(),
    event_name: given.event_name,
    identifier,
    livemode: false,
    payload: given.payload,
    timestamp,
  };
}

/** Takes an event back, within 24 hours of its receipt. */
function cancelMeterEvent(
  world: World,
  given: Stripe.Billing.MeterEventAdjustmentCreateParams,
): Stripe.Billing.MeterEventAdjustment {
  meterNamed(world, given.event_name);
  const identifier = given.cancel?.identifier;
  if (identifier === undefined) {
    throw missingParameter('cancel[identifier]');
  }
  const event = findMeterEvent(world, identifier);
  if (!event || event.eventName !== given.event_name) {
    throw new StripeRefusal(400, `No meter event found with identifier ${identifier}.`, {
      parameter: 'cancel[identifier]',
    });
  }
  if (world.now() - event.receivedAt > daySeconds) {
    throw new StripeRefusal(
      400,
      'Meter events can only be cancelled within 24 hours of Stripe receiving them.',
      {
        parameter: 'cancel[identifier]',
      },
    );
  }
  if (event.cancelled) {
    throw new StripeRefusal(
      400,
      `The meter event with identifier ${identifier} is cancelled already.`,
      { parameter: 'cancel[identifier]' },
    );
  }
  event.cancelled = true;
  noteChange(world);
  return {
    object: 'billing.meter_event_adjustment',
    cancel: { identifier },
    event_name: given.event_name,
    livemode: false,
    status: 'complete',
    type: 'cancel',
  };
}

function meterNamed(world: World, eventName: string): Stripe.Billing.Meter {
  for (const meter of world.collection('meters').newestFirst()) {
    if (meter.event_name === eventName && meter.status === 'active') {
      return meter;
    }
  }
  throw new StripeRefusal(400, `No active meter found for event name "${eventName}".`, {
    code: 'resource_missing',
    parameter: 'event_name',
  });
}

function checkIdentifier(world: World, identifier: string): void {
  if (identifier === '' || identifier.length > longestIdentifier) {
    throw new StripeRefusal(
      400,
      `Invalid string: identifier must have 1 to ${longestIdentifier} characters.`,
      { parameter: 'identifier' },
    );
  }
  const used = findMeterEvent(world, identifier);
  if (used && world.now() - used.receivedAt < identifierWindow) {
    throw new StripeRefusal(400, `An event already exists with identifier ${identifier}.`, {
      parameter: 'identifier',
    });
  }
}

function checkTimestamp(world: World, timestamp: number): void {
  if (timestamp < world.now() - oldestDays * daySeconds) {
    throw new StripeRefusal(
      400,
      `The timestamp must be within the past ${oldestDays} calendar days.`,
      { parameter: 'timestamp' },
    );
  }
  if (timestamp > world.now() + newestSeconds) {
    throw new StripeRefusal(400, 'The timestamp must not be more than 5 minutes in the future.', {
      parameter: 'timestamp',
    });
  }
}

/** The value as the text of a whole number. A meter that counts needs none: each event is one. */
function checkedValue(
  meter: Stripe.Billing.Meter,
  payload: Stripe.Billing.MeterEventCreateParams['payload'],
): string {
  const key = meter.value_settings.event_payload_key;
  const value = payload[key];
  const parameter = `payload[${key}]`;
  if (value === undefined) {
    if (meter.default_aggregation.formula === 'count') {
      return '1';
    }
    throw missingParameter(parameter);
  }
  if (!/^-?\d+$/.test(value)) {
    throw new StripeRefusal(
      400,
      `The value in the event payload must be a whole number. Received ${value}.`,
      { parameter },
    );
  }
  if (value.replace('-', '').replace(/^0+/, '').length > mostDigits) {
    throw new StripeRefusal(
      400,
      `The value in the event payload can have at most ${mostDigits} digits. Received ${value}.`,
      { parameter },
    );
  }
  return String(BigInt(value));
}

function asyncError(world: World, customer: string): AsyncErrorCode | null {
  if (customer === '') {
    return 'meter_event_no_customer_defined';
  }
  return world.collection('customers').get(customer) ? null : 'meter_event_customer_not_found';
}

/** The list of events is a plain array: a kept fact beside it has the state written soon. */
function noteChange(world: World): void {
  world.kept<number>('meter-events').set('last-change', world.now());
}
