import qs from 'qs';
import { describe, expect, it } from 'vitest';
import { checkRequest, isCheckedCall } from '#main/stripe-simulator/check-request.ts';
import { StripeRefusal } from '#main/stripe-simulator/route.ts';

/** The parameters as stripe-node writes them: a form, or the query of a GET. */
function check(call: string, form: string) {
  return checkRequest(call, qs.parse(form, { depth: 20, arrayLimit: 1000 }));
}

function refusalOf(call: string, form: string): StripeRefusal {
  try {
    check(call, form);
  } catch (error) {
    if (error instanceof StripeRefusal) return error;
    throw error;
  }
  throw new Error(`${call} was accepted`);
}

describe('a call that Stripe takes', () => {
  it('keeps its words and gets its numbers and truths', () => {
    expect(
      check(
        'POST /v1/prices',
        'currency=usd&unit_amount=500&active=true&product=prod_1&metadata[credits]=100',
      ),
    ).toEqual({
      currency: 'usd',
      unit_amount: 500,
      active: true,
      product: 'prod_1',
      metadata: { credits: '100' },
    });
  });

  it('has tiers with whole and decimal amounts, and a last tier without end', () => {
    expect(
      check(
        'POST /v1/prices',
        'currency=usd&billing_scheme=tiered&tiers_mode=graduated&tiers[0][up_to]=100000&tiers[0][unit_amount]=0&tiers[1][up_to]=inf&tiers[1][unit_amount_decimal]=0.02&recurring[interval]=month&recurring[usage_type]=metered&recurring[meter]=mtr_1',
      ),
    ).toMatchObject({
      tiers: [
        { up_to: 100_000, unit_amount: 0 },
        { up_to: 'inf', unit_amount_decimal: '0.02' },
      ],
    });
  });

  it.each([
    [
      'POST /v1/billing/meters',
      'display_name=a&event_name=b&default_aggregation[formula]=sum&customer_mapping[type]=by_id&customer_mapping[event_payload_key]=c',
    ],
    [
      'POST /v1/checkout/sessions',
      'mode=payment&line_items[0][price]=price_1&line_items[0][quantity]=1&success_url=https://a.test&client_reference_id=7&customer_creation=always&metadata[user_id]=7&payment_intent_data[metadata][user_id]=7&expires_at=1790000000',
    ],
    [
      'POST /v1/billing/meter_events',
      'event_name=a&identifier=b&timestamp=1790000000&payload[stripe_customer_id]=cus_1&payload[value]=25',
    ],
    [
      'POST /v1/refunds',
      'payment_intent=pi_1&amount=5&reason=requested_by_customer&metadata[refund_ref]=r',
    ],
    ['POST /v1/subscriptions', 'customer=cus_1&items[0][price]=price_1&metadata[user_id]=7'],
    ['POST /v1/invoices/create_preview', 'subscription=sub_1&preview_mode=next'],
    [
      'GET /v1/events',
      'types[0]=invoice.paid&types[1]=refund.created&created[gte]=1790000000&limit=100',
    ],
    ['DELETE /v1/subscriptions/{subscription_exposed_id}', ''],
  ])('passes: %s %s', (call, form) => {
    expect(() => check(call, form)).not.toThrow();
  });

  it('is known by its path, whatever the parts of the path are called', () => {
    expect(isCheckedCall('POST /v1/prices/{price}')).toBe(true);
    expect(isCheckedCall('POST /v1/prices/{id}')).toBe(true);
    expect(isCheckedCall('POST /v1/sources')).toBe(false);
  });

  it('may write a list with indices, out of order or without', () => {
    const types = ['a', 'b'];
    expect(check('GET /v1/events', 'types[1]=b&types[0]=a')).toEqual({ types });
    expect(check('GET /v1/events', 'types[]=a&types[]=b')).toEqual({ types });
    expect(checkRequest('GET /v1/events', { types: { 1: 'b', 0: 'a' } })).toEqual({ types });
  });

  it('may ask for an instant or for a range', () => {
    expect(check('GET /v1/events', 'created=1790000000')).toEqual({ created: 1_790_000_000 });
    expect(check('GET /v1/events', 'created[gt]=1&created[lte]=2')).toEqual({
      created: { gt: 1, lte: 2 },
    });
  });

  it('clears with an empty text what Stripe lets be cleared', () => {
    expect(check('POST /v1/customers/{customer}', 'metadata=&address=&name=')).toEqual({
      metadata: '',
      address: '',
      name: '',
    });
    expect(check('POST /v1/customers/{customer}', 'metadata[old]=')).toEqual({
      metadata: { old: '' },
    });
  });

  it('reads a percentage with its fraction', () => {
    expect(
      check(
        'POST /v1/subscriptions',
        'customer=c&items[0][price]=p&application_fee_percent=2.5&trial_end=now',
      ),
    ).toMatchObject({ application_fee_percent: 2.5, trial_end: 'now' });
  });

  it('of version 2 is JSON: nothing in it is decoded', () => {
    const event = {
      event_name: 'a',
      payload: { value: '25' },
      timestamp: '2026-11-22T00:00:00.000Z',
    };
    expect(checkRequest('POST /v2/billing/meter_events', event)).toEqual(event);
    expect(() => checkRequest('POST /v2/billing/meter_events', { ...event, timestamp: 5 })).toThrow(
      StripeRefusal,
    );
  });
});

describe('a call that Stripe refuses', () => {
  it.each([
    // Parameters that older versions of the API had.
    [
      'POST /v1/prices',
      'currency=usd&recurring[interval]=month&recurring[aggregate_usage]=sum',
      'parameter_unknown',
      'recurring[aggregate_usage]',
      'Received unknown parameter: recurring[aggregate_usage]',
    ],
    [
      'POST /v1/checkout/sessions',
      'mode=payment&payment_method_types[0]=card',
      'parameter_unknown',
      'payment_method_types',
      'Received unknown parameter: payment_method_types',
    ],
    [
      'POST /v1/billing/meter_events',
      'event_name=a&payload[value]=1&quantity=3',
      'parameter_unknown',
      'quantity',
      'Received unknown parameter: quantity',
    ],
    [
      'GET /v1/events',
      'sort=created',
      'parameter_unknown',
      'sort',
      'Received unknown parameter: sort',
    ],
    [
      'POST /v1/subscriptions',
      'customer=c&items[0][price]=p&items[0][qty]=1',
      'parameter_unknown',
      'items[0][qty]',
      'Received unknown parameter: items[0][qty]',
    ],
    [
      'POST /v1/customers',
      'foo=1&bar=2',
      'parameter_unknown',
      'foo',
      'Received unknown parameters: foo, bar',
    ],
    [
      'POST /v1/billing/meters',
      'event_name=a&default_aggregation[formula]=sum',
      'parameter_missing',
      'display_name',
      'Missing required param: display_name.',
    ],
    [
      'POST /v1/billing/meters',
      'event_name=a&display_name=b&default_aggregation[formula]=max',
      undefined,
      'default_aggregation[formula]',
      'Invalid default_aggregation[formula]: must be one of count, last, or sum',
    ],
    [
      'POST /v1/checkout/sessions',
      'mode=paymnt',
      undefined,
      'mode',
      'Invalid mode: must be one of payment, setup, or subscription',
    ],
    [
      'POST /v1/refunds',
      'charge=ch_1&reason=because',
      undefined,
      'reason',
      'Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer',
    ],
    [
      'POST /v1/prices',
      'currency=usd&tiers[0][up_to]=infinity',
      undefined,
      'tiers[0][up_to]',
      'Invalid tiers[0][up_to]: must be one of inf or an integer',
    ],
    [
      'POST /v1/prices',
      'currency=usd&unit_amount=5.5',
      'parameter_invalid_integer',
      'unit_amount',
      'Invalid integer: 5.5',
    ],
    [
      'POST /v1/refunds',
      'charge=ch_1&amount=1e3',
      'parameter_invalid_integer',
      'amount',
      'Invalid integer: 1e3',
    ],
    [
      'POST /v1/prices',
      'currency=usd&unit_amount_decimal=cheap',
      undefined,
      'unit_amount_decimal',
      'Invalid decimal: cheap',
    ],
    ['GET /v1/prices', 'active=perhaps', undefined, 'active', 'Invalid boolean: perhaps'],
    ['GET /v1/events', 'types=invoice.paid', undefined, 'types', 'Invalid array'],
    ['POST /v1/customers', 'metadata=5', undefined, 'metadata', 'Invalid object'],
    [
      'DELETE /v1/customers/{customer}',
      'why=1',
      'parameter_unknown',
      'why',
      'Received unknown parameter: why',
    ],
  ])('says so: %s %s', (call, form, code, parameter, message) => {
    const refusal = refusalOf(call, form);
    expect(refusal).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      code,
      parameter,
      message,
    });
  });

  it('has an empty text where none may be', () => {
    const refusal = refusalOf('POST /v1/products', 'name=');
    expect(refusal).toMatchObject({ code: 'parameter_invalid_empty', parameter: 'name' });
    expect(refusal.message).toContain("You passed an empty string for 'name'.");
  });

  it('that nobody described is a fault of the simulator, not of its caller', () => {
    expect(() => checkRequest('POST /v1/sources', {})).toThrow(
      'build/stripe-schema/calls.mjs does not name the call POST /v1/sources.',
    );
  });
});
