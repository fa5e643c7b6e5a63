import { screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { moneyBackStatusLabel, stripeWords } from '#renderer/format/billing.ts';
import { formatMoney, formatSignedMoney, spokenMoney } from '#renderer/format/money.ts';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { AMOUNT_MINOR_MAX } from '#shared/money.ts';
import { render } from '#test/support/render.tsx';

describe('money', () => {
  it('is told with the currency’s own decimals as Stripe counts them', () => {
    expect(formatMoney({ amountMinor: 3_999, currency: 'usd' })).toBe('$39.99');
    expect(formatMoney({ amountMinor: 500, currency: 'jpy' })).toBe('¥500');
    expect(formatMoney({ amountMinor: 1_234, currency: 'kwd' })).toBe('KWD\u00a01.234');
    // Shown without decimals elsewhere, but Stripe counts hundredths of them.
    expect(formatMoney({ amountMinor: 100_050, currency: 'huf' })).toBe('HUF\u00a01,000.50');
  });

  it('is told with whatever stands for its currency: half typed, none, or no letters at all', () => {
    for (const currency of ['', 'u', 'us', 'usdx', 'U$', '12', '\u00dfa', ' usd']) {
      expect(formatMoney({ amountMinor: 123_456, currency })).toBe('1,234.56');
    }
    // Three letters are a currency to come, known or not.
    expect(formatMoney({ amountMinor: 999, currency: 'qqq' })).toBe('QQQ\u00a09.99');
  });

  it('is exact to the end of the range', () => {
    expect(formatMoney({ amountMinor: AMOUNT_MINOR_MAX, currency: 'usd' })).toBe('$999,999.99');
    expect(formatMoney({ amountMinor: Number.MAX_SAFE_INTEGER, currency: 'usd' })).toBe(
      '$90,071,992,547,409.91',
    );
  });

  it('carries its sign as the credits do, and says it as a word', async () => {
    const money = { amountMinor: -500, currency: 'eur' };
    expect(formatMoney(money)).toBe('\u2212€5.00');
    expect(formatSignedMoney({ ...money, amountMinor: 500 })).toBe('+€5.00');
    expect(formatSignedMoney({ ...money, amountMinor: 0 })).toBe('€0.00');
    expect(spokenMoney(money, { signed: false })).toBe('minus 5.00 EUR');
    expect(spokenMoney({ ...money, amountMinor: 500 }, { signed: true })).toBe('plus 5.00 EUR');
    render(<MoneyAmount value={{ amountMinor: 3_999, currency: 'usd' }} />);
    expect(await screen.findByText('39.99 USD')).toBeInTheDocument();
  });
});

describe('Stripe’s words', () => {
  it('are told in plain words, and unknown ones as Stripe writes them', () => {
    expect(moneyBackStatusLabel('needs_response')).toBe('Open: needs a response');
    expect(moneyBackStatusLabel('brand_new_status')).toBe('Brand new status');
    expect(moneyBackStatusLabel('constructor')).toBe('Constructor');
    expect(stripeWords('requested_by_customer')).toBe('Requested by customer');
  });
});
