import { describe, expect, it } from 'vitest';
import { deepLinkOf, parseDeepLink } from '#main/electron/deep-links.ts';

describe('a deep link', () => {
  it.each([
    ['credit-console://customer/cus_123', '/customers/cus_123'],
    ['credit-console://customer/cus_123/', '/customers/cus_123'],
    ['credit-console://customer/a%20b%2Fc', '/customers/a%20b%2Fc'],
    ['credit-console://customer/%C3%BC', '/customers/%C3%BC'],
    ['credit-console://customer/%3Ftab%3Dnotes', '/customers/%3Ftab%3Dnotes'],
    ['credit-console://customer/..%2F..%2Fsettings', '/customers/..%2F..%2Fsettings'],
  ])('%s leads to a customer', (link, path) => {
    expect(parseDeepLink(link)).toBe(path);
  });

  it.each([
    'credit-console://customer/',
    'credit-console://customer',
    'credit-console://grant/cus_1/500',
    'credit-console://customer/cus_1/grant',
    'credit-console://customer/cus_1?act=grant&amount=500',
    'credit-console://customer/cus_1#/settings',
    'credit-console://settings/database',
    'credit-console://customer/%00',
    'credit-console://customer/%0Aabc',
    'credit-console://customer/%',
    `credit-console://customer/${'a'.repeat(201)}`,
    `credit-console://customer/${'a'.repeat(2_000_000)}`,
    'CREDIT-CONSOLE://customer/cus_1 --inspect',
    'https://customer/cus_1',
    '',
  ])('leads nowhere else: %.60s', (link) => {
    expect(parseDeepLink(link)).toBeUndefined();
  });

  it('is found among the arguments of a second start', () => {
    expect(
      deepLinkOf([
        '/opt/console',
        '--no-sandbox',
        'credit-console://x',
        'credit-console://customer/c1',
      ]),
    ).toBe('/customers/c1');
    expect(deepLinkOf(['/opt/console', 'customer/c1'])).toBeUndefined();
  });
});
