import Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { readWebhook, toStripeEvent } from '#main/stripe/gateway/read-webhook.ts';
import { AppError } from '#shared/errors.ts';

const SECRET = 'whsec_abcdefghijklmnop';
const NOW = new Date('2026-11-22T08:00:00Z');

const EVENT = {
  id: 'evt_1',
  object: 'event',
  type: 'checkout.session.completed',
  livemode: false,
  created: 1_795_334_000,
  api_version: '2026-10-28.endive',
  data: { object: { id: 'cs_test_1', object: 'checkout.session', amount_total: 999 } },
};

function signed(payload: string, secondsAgo = 0, secret = SECRET): string {
  const timestamp = NOW.getTime() / 1_000 - secondsAgo;
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

function failureOf(
  body: string | Buffer,
  signature: string | undefined,
  secret = SECRET,
): AppError {
  try {
    readWebhook(Buffer.from(body), signature, secret, NOW);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('The webhook was taken.');
}

describe('a webhook', () => {
  it('is read when it is signed with the endpoint’s secret', () => {
    const text = JSON.stringify(EVENT);
    expect(readWebhook(Buffer.from(text), signed(text), SECRET, NOW)).toEqual({
      id: 'evt_1',
      type: 'checkout.session.completed',
      livemode: false,
      account: null,
      apiVersion: '2026-10-28.endive',
      objectId: 'cs_test_1',
      objectKind: 'checkout.session',
      createdAt: new Date(1_795_334_000_000),
      payload: EVENT,
    });
  });

  it('is checked over the bytes as they came, whatever their spacing and script', () => {
    const text = `${JSON.stringify({ ...EVENT, note: 'Zoë 🙂' }, null, 3)}\r\n`;
    expect(readWebhook(Buffer.from(text), signed(text), SECRET, NOW).payload.note).toBe('Zoë 🙂');
  });

  it('is taken with any one fitting signature, as while a secret is being replaced', () => {
    const text = JSON.stringify(EVENT);
    const [time, ours] = signed(text).split(',');
    const both = `${time},v1=${'0'.repeat(64)},${ours}`;
    expect(readWebhook(Buffer.from(text), both, SECRET, NOW).id).toBe('evt_1');
  });

  it('is taken up to 300 seconds after it was signed, and then not', () => {
    const text = JSON.stringify(EVENT);
    expect(readWebhook(Buffer.from(text), signed(text, 300), SECRET, NOW).id).toBe('evt_1');
    expect(failureOf(text, signed(text, 301))).toMatchObject({
      code: 'webhook_signature',
      details: { why: 'old' },
      message: expect.stringContaining('5 minutes'),
    });
  });

  it.each([undefined, '', '  '])('without a signature (%j) is refused', (signature) => {
    expect(failureOf(JSON.stringify(EVENT), signature)).toMatchObject({
      code: 'webhook_signature',
      details: { why: 'missing' },
    });
  });

  it.each([
    ['signed with another secret', (text: string) => signed(text, 0, 'whsec_another')],
    ['of a changed body', (text: string) => signed(text.replace('999', '1'))],
    ['of another scheme', (text: string) => signed(text).replace('v1=', 'v0=')],
    ['without a time', (text: string) => signed(text).replace(/^t=\d+,/, '')],
    ['with another time', (text: string) => signed(text, 100).replace(/^t=\d+/, 't=1795334400')],
    ['that is no signature', () => 'hello'],
    ['with a time that is no number', (text: string) => signed(text).replace(/^t=\d+/, 't=x')],
  ])('with a signature %s is refused, and no secret is repeated', (_, sign) => {
    const text = JSON.stringify(EVENT);
    const failure = failureOf(text, sign(text));
    expect(failure).toMatchObject({ code: 'webhook_signature', details: { why: 'wrong' } });
    expect(JSON.stringify([failure.message, failure.details])).not.toContain(SECRET);
  });

  it('is refused where no secret is set', () => {
    const text = JSON.stringify(EVENT);
    expect(failureOf(text, signed(text, 0, ' '), ' ').code).toBe('webhook_signature');
  });

  it.each([
    '',
    'not json',
    '"text"',
    'null',
    '[]',
    '{}',
    JSON.stringify({ ...EVENT, id: 7 }),
    JSON.stringify({ ...EVENT, id: '' }),
    JSON.stringify({ ...EVENT, id: `evt_${'x'.repeat(300)}` }),
    JSON.stringify({ ...EVENT, created: 'yesterday' }),
    JSON.stringify({ ...EVENT, created: 1e300 }),
    JSON.stringify({ ...EVENT, livemode: 'no' }),
    JSON.stringify({ ...EVENT, data: { object: null } }),
    JSON.stringify({
      id: 'evt_2',
      object: 'v2.core.event',
      type: 'v1.billing.meter.no_meter_found',
    }),
  ])('that is signed but no event is told from one that is not signed: %s', (text) => {
    expect(failureOf(text, signed(text))).toMatchObject({ code: 'invalid_argument' });
  });
});

describe('an event', () => {
  it('keeps what it was sent with, and names its account', () => {
    const event = toStripeEvent({ ...EVENT, account: 'acct_other', unknown: [1, { deep: true }] });
    expect(event.account).toBe('acct_other');
    expect(event.payload.unknown).toEqual([1, { deep: true }]);
  });

  it('may be about an object without an id', () => {
    const event = toStripeEvent({ ...EVENT, data: { object: { object: 'balance' } } });
    expect(event).toMatchObject({ objectId: null, objectKind: 'balance' });
  });

  it('becomes plain JSON, decimals as text', () => {
    const event = toStripeEvent({
      ...EVENT,
      data: { object: { id: 'price_1', unit_amount_decimal: Stripe.Decimal.from('0.02') } },
    });
    expect(event.payload.data).toEqual({ object: { id: 'price_1', unit_amount_decimal: '0.02' } });
  });
});
