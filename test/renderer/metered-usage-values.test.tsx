import { describe, expect, it } from 'vitest';
import { addedCharges, checkInvoice } from '#renderer/features/metered-usage/arithmetic.ts';
import { readOccurredAt } from '#renderer/features/metered-usage/occurred-at.ts';
import { endOf } from '#renderer/features/metered-usage/subscription-words.ts';
import { readQuantity } from '#renderer/features/metered-usage/usage-values.ts';
import { causeWords } from '#renderer/features/metered-usage/usage-words.ts';
import { localTimeOf } from '#renderer/format/local-time.ts';
import { formatNumber } from '#renderer/format/metering.ts';
import {
  anItem,
  aPosition,
  aProjectedInvoice,
  aSubscription,
  aUsageRow,
  PLAN_ITEM,
} from '#test/support/metered-usage-rows.ts';
import { aListedPrice } from '#test/support/metering-rows.ts';

const berlin = { timeZone: 'Europe/Berlin', now: new Date('2026-11-22T12:00:00Z') };
const atEdges = (now: string) => ({ timeZone: 'Europe/Berlin', now: new Date(now) });

describe('the time at which usage happened', () => {
  it('is read in the time zone of the console', () => {
    expect(readOccurredAt('2026-11-22T12:30', berlin)).toEqual({
      ok: true,
      iso: '2026-11-22T11:30:00.000Z',
    });
    expect(localTimeOf(new Date('2026-11-22T11:30:59Z'), 'Europe/Berlin')).toBe('2026-11-22T12:30');
    expect(localTimeOf(new Date('2026-11-22T20:30:00Z'), 'Asia/Kolkata')).toBe('2026-11-23T02:00');
  });

  it('is read by the clocks of its own day where they were changed since', () => {
    // Clocks went back on 25 October: the day before is two hours ahead of UTC.
    expect(readOccurredAt('2026-10-24T12:30', berlin)).toEqual({
      ok: true,
      iso: '2026-10-24T10:30:00.000Z',
    });
    const newYork = { ...berlin, timeZone: 'America/New_York' };
    expect(readOccurredAt('2026-10-31T23:30', newYork)).toEqual({
      ok: true,
      iso: '2026-11-01T03:30:00.000Z',
    });
    expect(readOccurredAt('2026-11-01T03:30', newYork)).toEqual({
      ok: true,
      iso: '2026-11-01T08:30:00.000Z',
    });
  });

  it('is refused where the clocks skip it', () => {
    const spring = atEdges('2026-04-10T00:00:00Z');
    expect(readOccurredAt('2026-03-29T02:30', spring)).toMatchObject({ ok: false });
    expect(readOccurredAt('2026-03-29T03:00', spring)).toEqual({
      ok: true,
      iso: '2026-03-29T01:00:00.000Z',
    });
    expect(readOccurredAt('2026-03-29T01:59', spring)).toEqual({
      ok: true,
      iso: '2026-03-29T00:59:00.000Z',
    });
  });

  it('is neither ahead nor further back than Stripe takes it', () => {
    expect(readOccurredAt('2026-11-22T13:00', berlin)).toMatchObject({ ok: true });
    expect(readOccurredAt('2026-11-22T13:01', berlin)).toMatchObject({ ok: false });
    expect(readOccurredAt('2026-10-18T14:00', berlin)).toMatchObject({ ok: true });
    expect(readOccurredAt('2026-10-18T13:59', berlin)).toMatchObject({ ok: false });
    for (const text of ['', 'yesterday', '2026-11-22', '2026-13-01T00:00']) {
      expect(readOccurredAt(text, berlin), text).toMatchObject({ ok: false });
    }
  });
});

describe('a quantity', () => {
  it('is whole, of at most 15 digits, and what the meter takes', () => {
    expect(readQuantity('1,250', 'sum')).toEqual({ ok: true, quantity: 1_250 });
    expect(readQuantity('999999999999999', 'sum')).toEqual({ ok: true, quantity: 1e15 - 1 });
    expect(readQuantity('0', 'last')).toEqual({ ok: true, quantity: 0 });
    expect(readQuantity('1', 'count')).toEqual({ ok: true, quantity: 1 });
    for (const text of ['', '0', '-1', '1.5', '1e3', '1000000000000000']) {
      expect(readQuantity(text, 'sum'), text).toMatchObject({ ok: false });
    }
    expect(readQuantity('2', 'count')).toMatchObject({ ok: false });
  });
});

describe('the console’s own arithmetic', () => {
  const check = (units: number, lines = aProjectedInvoice().lines) =>
    checkInvoice({
      price: aListedPrice(),
      item: anItem(),
      units,
      invoice: aProjectedInvoice({ lines }),
    });

  it('agrees with an invoice that has every tier and fee', () => {
    expect(check(11_850)).toMatchObject({
      computedMinor: 55_537,
      invoicedMinor: 55_537,
      agrees: true,
      charges: [
        { units: 1_000, unitsMinor: 10_000, flatMinor: 0 },
        { units: 9_000, unitsMinor: 45_000, flatMinor: 0 },
        { units: 1_850, unitsMinor: 37, flatMinor: 500 },
      ],
    });
  });

  it('differs by a cent, and leaves lines of other prices out', () => {
    const [first, ...others] = aProjectedInvoice().lines;
    if (first === undefined) throw new Error('the sample has lines');
    const lines = [{ ...first, priceId: 'price_pro' }, ...others];
    expect(check(11_850, lines)).toMatchObject({ invoicedMinor: 45_537, agrees: false });
    // Rounded by itself: 75 units at 0.02 are a cent and a half.
    expect(check(11_925)).toMatchObject({ computedMinor: 55_539, agrees: false });
  });

  it('compares nothing where the units are not whole or the currency is another one', () => {
    expect(check(1.5)).toBeNull();
    const euro = { ...aProjectedInvoice() };
    expect(
      checkInvoice({
        price: aListedPrice({ currency: 'eur' }),
        item: anItem(),
        units: 10,
        invoice: euro,
      }),
    ).toBeNull();
  });

  const now = new Date('2026-11-22T12:00:00Z');
  const added = (
    usage: { quantity: number; occurredAt?: string },
    row = aUsageRow({ position: aPosition({ reported: 9_990 }) }),
  ) =>
    addedCharges(
      { eventName: 'api_calls', occurredAt: null, ...usage },
      { usage: [row], prices: [aListedPrice()], now },
    ).map((charge) => charge.amountMinor ?? charge.why);

  it('says what added usage comes to at the tiers that it reaches', () => {
    expect(added({ quantity: 10 })).toEqual([50]);
    // Ten units at 5 cents, fifty at a fiftieth of a cent, and the fee for reaching the last tier.
    expect(added({ quantity: 60 })).toEqual([50 + 1 + 500]);
  });

  it('says that usage outside of the period is not on the next invoice', () => {
    expect(added({ quantity: 10, occurredAt: '2026-10-31T23:59:00.000Z' })).toEqual([
      'other_period',
    ]);
    expect(added({ quantity: 10, occurredAt: '2026-11-01T00:00:00.000Z' })).toEqual([50]);
  });

  it('takes the newest value instead of a sum, and knows nothing of an earlier one', () => {
    const seats = aUsageRow({ formula: 'last', position: aPosition({ reported: 10 }) });
    expect(added({ quantity: 8 }, seats)).toEqual([-20]);
    expect(added({ quantity: 8, occurredAt: '2026-11-10T00:00:00.000Z' }, seats)).toEqual([
      'perhaps_older',
    ]);
  });

  it('says nothing where no price is known, and why where the sum is beyond what can be billed', () => {
    expect(added({ quantity: 10 }, aUsageRow({ meteredPriceId: null }))).toEqual([]);
    expect(added({ quantity: 10 }, aUsageRow({ eventName: 'tokens' }))).toEqual([]);
    const full = aUsageRow({ position: aPosition({ reported: 1e15 - 1 }) });
    expect(added({ quantity: 10 }, full)).toEqual(['too_much']);
  });
});

describe('words', () => {
  it('name a cause with its units, or as a sentence where numbers say nothing', () => {
    expect(causeWords({ cause: 'not_sent', units: 1_200 })).toBe('1,200 not sent yet');
    expect(causeWords({ cause: 'not_from_here', units: -40 })).toBe(
      '40 counted by Stripe that were reported elsewhere',
    );
    expect(causeWords({ cause: 'not_sent', units: null })).toBe('Some of it is not sent yet');
  });

  it('round no number that Stripe has', () => {
    expect([1_234, -5, 1.5, -0.25].map(formatNumber)).toEqual(['1,234', '−5', '1.5', '−0.25']);
  });

  it('tell when a subscription ends', () => {
    expect(endOf(aSubscription())).toBeNull();
    expect(endOf(aSubscription({ cancelAt: '2026-12-24T00:00:00.000Z' }))).toBe(
      '2026-12-24T00:00:00.000Z',
    );
    const year = anItem({ currentPeriodEnd: '2027-05-01T00:00:00.000Z' });
    expect(endOf(aSubscription({ cancelAtPeriodEnd: true, items: [year, PLAN_ITEM] }))).toBe(
      '2027-05-01T00:00:00.000Z',
    );
    expect(endOf(aSubscription({ cancelAtPeriodEnd: true, status: 'canceled' }))).toBeNull();
  });
});
