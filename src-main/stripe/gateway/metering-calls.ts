import Stripe from 'stripe';
import { AppError } from '#shared/errors.ts';
import type { AskStripe } from './ask-stripe.ts';
import type { InvoicePreview, MeterErrorReport, StripeGateway, StripeMeter } from './gateway.ts';
import { orUndefined } from './optional-answer.ts';
import { idOf, instantOf, secondsOf } from './read-objects.ts';
import { after, PAGE_SIZE, restOfList, wholeList } from './whole-list.ts';

type MeteringCalls = Pick<
  StripeGateway,
  | 'findMeter'
  | 'createMeter'
  | 'setMeterActive'
  | 'createMeteredPrice'
  | 'sendUsage'
  | 'cancelUsage'
  | 'listUsage'
  | 'listMeterErrors'
  | 'previewInvoice'
>;

const ERROR_TYPES = [
  'v1.billing.meter.error_report_triggered',
  'v1.billing.meter.no_meter_found',
] as const;

// Stripe has said the first of a duplicate without any code; the others are what its descriptions name.
const DUPLICATE =
  /already exists with identifier|duplicate identifier has already been|^duplicate_meter_event$/i;
const TOO_OLD = /within the past 35|too far in (the )?past|^timestamp_too_far_in_past$/i;
const CANCELLED = /cancell?ed already|already (been )?cancell?ed/i;

/** Meters, prices by use, and usage. */
export function meteringCalls(ask: AskStripe): MeteringCalls {
  return {
    findMeter: async (eventName) => {
      const found: Stripe.Billing.Meter[] = [];
      for (const status of ['active', 'inactive'] as const) {
        const meters = await wholeList((lastId) =>
          ask.list((stripe) => stripe.billing.meters.list({ status, ...after(lastId) })),
        );
        found.push(...meters.filter((meter) => meter.event_name === eventName));
      }
      const [meter] = found;
      return meter && readMeter(meter);
    },

    createMeter: async ({ eventName, name, formula }, idempotencyKey) => {
      const meter = await ask.one((stripe) =>
        stripe.billing.meters.create(
          {
            event_name: eventName,
            display_name: name,
            default_aggregation: { formula },
            customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
            value_settings: { event_payload_key: 'value' },
          },
          { idempotencyKey },
        ),
      );
      return readMeter(meter);
    },

    setMeterActive: async (id, active) => {
      await ask.one((stripe) =>
        active ? stripe.billing.meters.reactivate(id) : stripe.billing.meters.deactivate(id),
      );
    },

    createMeteredPrice: async (price, idempotencyKey) => {
      const [first, ...further] = price.tiers;
      if (first === undefined) throw new Error('a metered price needs a tier');
      const amounts: Partial<Stripe.PriceCreateParams> =
        further.length === 0 && first.flatAmount === null
          ? {
              billing_scheme: 'per_unit',
              unit_amount_decimal: Stripe.Decimal.from(first.unitAmount),
            }
          : {
              billing_scheme: 'tiered',
              tiers_mode: 'graduated',
              tiers: price.tiers.map((tier) => ({
                up_to: tier.upTo ?? ('inf' as const),
                unit_amount_decimal: Stripe.Decimal.from(tier.unitAmount),
                ...(tier.flatAmount === null
                  ? {}
                  : { flat_amount_decimal: Stripe.Decimal.from(tier.flatAmount) }),
              })),
            };
      const { id } = await ask.one((stripe) =>
        stripe.prices.create(
          {
            product: price.productId,
            currency: price.currency,
            lookup_key: price.lookupKey,
            transfer_lookup_key: true,
            metadata: price.metadata,
            recurring: { interval: price.interval, usage_type: 'metered', meter: price.meterId },
            ...amounts,
          },
          { idempotencyKey },
        ),
      );
      return { id };
    },

    sendUsage: async ({ identifier, eventName, stripeCustomerId, value, occurredAt }) => {
      try {
        await ask.object('billing.meter_event', (stripe) =>
          // The identifier is what a repeat is told by. A key of our own would have Stripe give an answer such as a 500, or that
          // there is no such meter, again for a day, although the next attempt would succeed.
          stripe.billing.meterEvents.create({
            event_name: eventName,
            identifier,
            timestamp: secondsOf(occurredAt),
            payload: { stripe_customer_id: stripeCustomerId, value: String(value) },
          }),
        );
        return 'accepted';
      } catch (error) {
        if (isRefusal(error, DUPLICATE)) return 'duplicate';
        if (isRefusal(error, TOO_OLD)) return 'too_old';
        throw error;
      }
    },

    cancelUsage: async ({ eventName, identifier }) => {
      try {
        await ask.object('billing.meter_event_adjustment', (stripe) =>
          stripe.billing.meterEventAdjustments.create({
            event_name: eventName,
            type: 'cancel',
            cancel: { identifier },
          }),
        );
        return 'cancelled';
      } catch (error) {
        if (isRefusal(error, CANCELLED)) return 'gone';
        throw error;
      }
    },

    listUsage: async ({ meterId, stripeCustomerId, start, end, by }) => {
      const rows = await wholeList((lastId) =>
        ask.list((stripe) =>
          stripe.billing.meters.listEventSummaries(meterId, {
            customer: stripeCustomerId,
            start_time: secondsOf(start),
            end_time: secondsOf(end),
            ...(by === undefined ? {} : { value_grouping_window: by }),
            ...after(lastId),
          }),
        ),
      );
      return rows
        .map((row) => ({
          start: instantOf(row.start_time),
          end: instantOf(row.end_time),
          value: row.aggregated_value,
        }))
        .sort((one, other) => one.start.getTime() - other.start.getTime());
    },

    listMeterErrors: async ({ since }) => {
      const reports: MeterErrorReport[] = [];
      const events = await ask.newest(
        (stripe) => stripe.v2.core.events.list({ types: [...ERROR_TYPES], limit: PAGE_SIZE }),
        (event) => Date.parse(event.created) >= since.getTime(),
      );
      for (const event of events.reverse()) {
        if (!isErrorReport(event)) continue;
        // A list may give events without what they tell.
        const whole: Stripe.V2.Core.Event = hasReason(event)
          ? event
          : await ask.one((stripe) => stripe.v2.core.events.retrieve(event.id));
        if (isErrorReport(whole)) reports.push(readReport(whole));
      }
      return reports;
    },

    previewInvoice: async (subscriptionId) => {
      const invoice = await ask.object('invoice', (stripe) =>
        stripe.invoices.createPreview({ subscription: subscriptionId }),
      );
      const lines = await orUndefined(
        restOfList(invoice.lines, (lastId) =>
          ask.list((stripe) => stripe.invoices.listLineItems(invoice.id, after(lastId))),
        ),
      );
      // Where the lines of what is no invoice yet cannot be listed, the first ones have to do; the total is of all.
      return readPreview(invoice, lines ?? invoice.lines.data);
    },
  };
}

function readMeter(meter: Stripe.Billing.Meter): StripeMeter {
  return {
    id: meter.id,
    eventName: meter.event_name,
    name: meter.display_name,
    formula: meter.default_aggregation.formula,
    active: meter.status === 'active',
    customerKey: meter.customer_mapping.event_payload_key,
    valueKey: meter.value_settings.event_payload_key,
    ...(meter.event_time_window ? { window: meter.event_time_window } : {}),
  };
}

function readPreview(invoice: Stripe.Invoice, lines: Stripe.InvoiceLineItem[]): InvoicePreview {
  return {
    currency: invoice.currency,
    totalMinor: invoice.total,
    lines: lines.map((line) => ({
      description: line.description ?? '',
      quantity: line.quantity ?? null,
      unitAmount:
        line.pricing?.unit_amount_decimal === null ||
        line.pricing?.unit_amount_decimal === undefined
          ? null
          : String(line.pricing.unit_amount_decimal),
      amountMinor: line.amount,
      priceId: idOf(line.pricing?.price_details?.price),
      periodStart: instantOf(line.period.start),
      periodEnd: instantOf(line.period.end),
    })),
  };
}

type ErrorReportEvent =
  | Stripe.V2.Core.Events.V1BillingMeterErrorReportTriggeredEvent
  | Stripe.V2.Core.Events.V1BillingMeterNoMeterFoundEvent;

function isErrorReport(event: { type: string }): event is ErrorReportEvent {
  return ERROR_TYPES.some((type) => type === event.type);
}

function hasReason(event: { data?: { reason?: unknown } | undefined }): boolean {
  return event.data?.reason !== undefined;
}

function readReport(event: ErrorReportEvent): MeterErrorReport {
  const { reason } = event.data;
  return {
    id: event.id,
    createdAt: new Date(event.created),
    meterId: 'related_object' in event ? (event.related_object?.id ?? null) : null,
    errorCount: reason.error_count,
    named: reason.error_types.flatMap(({ code, sample_errors }) =>
      sample_errors.map(({ error_message, request }) => ({
        identifier: request.identifier,
        code,
        message: error_message,
      })),
    ),
  };
}

function isRefusal(error: unknown, said: RegExp): boolean {
  if (!(error instanceof AppError) || error.code !== 'stripe_refused') return false;
  const code = error.details?.code;
  return said.test(error.message) || (typeof code === 'string' && said.test(code));
}
