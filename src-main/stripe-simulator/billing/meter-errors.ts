import type { MeterEventRecord, ThinEvent, World } from '../world.ts';

/** Why asynchronous processing refuses a meter event, as Stripe names it. */
export type AsyncErrorCode =
  | 'archived_meter'
  | 'meter_event_customer_not_found'
  | 'meter_event_invalid_value'
  | 'meter_event_no_customer_defined'
  | 'no_meter'
  | 'timestamp_in_future'
  | 'timestamp_too_far_in_past';

/** Seconds that one report covers. */
const validationWindow = 10;
/** Seconds (30 days) that Stripe keeps its events. */
const retention = 30 * 86_400;

/** Events of API v2, oldest first, by their id. */
export function thinEvents(world: World): Map<string, ThinEvent> {
  return world.kept<ThinEvent>('thin-events');
}

/** Records the event of API v2 that tells of one refused meter event. */
export function reportMeterError(
  world: World,
  event: MeterEventRecord,
  code: AsyncErrorCode,
): void {
  const meter = [...world.collection('meters').newestFirst()].find(
    (candidate) => candidate.event_name === event.eventName,
  );
  const without = code === 'no_meter' || !meter;
  const report: ThinEvent = {
    id: world.newId('evt_test'),
    object: 'v2.core.event',
    created: isoTime(world.now()),
    livemode: false,
    type: without ? 'v1.billing.meter.no_meter_found' : 'v1.billing.meter.error_report_triggered',
    data: {
      developer_message_summary: 'There is 1 invalid event',
      reason: {
        error_count: 1,
        error_types: [
          {
            code,
            error_count: 1,
            sample_errors: [
              {
                error_message: messageOf(code, event, meter?.customer_mapping.event_payload_key),
                request: { identifier: event.identifier },
              },
            ],
          },
        ],
      },
      validation_start: isoTime(world.now() - validationWindow),
      validation_end: isoTime(world.now()),
    },
    related_object: without
      ? null
      : { id: meter.id, type: 'billing.meter', url: `/v1/billing/meters/${meter.id}` },
  };
  thinEvents(world).set(report.id, report);
}

/** Forgets events of API v2 after 30 days, as Stripe does. */
export function forgetOldThinEvents(world: World): void {
  const events = thinEvents(world);
  for (const [id, event] of events) {
    if (Date.parse(event.created) / 1000 >= world.now() - retention) {
      return;
    }
    events.delete(id);
  }
}

function messageOf(
  code: AsyncErrorCode,
  event: MeterEventRecord,
  mappingKey = 'stripe_customer_id',
): string {
  switch (code) {
    case 'meter_event_no_customer_defined':
      return `Customer mapping key ${mappingKey} not found in payload.`;
    case 'meter_event_customer_not_found':
      return `No such customer: '${event.customer}'`;
    case 'archived_meter':
      return `The meter of event name ${event.eventName} is inactive.`;
    case 'no_meter':
      return `No meter found for event name ${event.eventName}.`;
    case 'meter_event_invalid_value':
      return `The value in the event payload is invalid. Received ${event.value}.`;
    case 'timestamp_in_future':
      return 'The timestamp is too far in the future.';
    case 'timestamp_too_far_in_past':
      return 'The timestamp is too far in the past.';
  }
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
