import { describe, expect, it } from 'vitest';
import { recogniseKey } from '#main/stripe/gateway/stripe-key.ts';

const body = 'a1B2c3D4'.repeat(6);

describe('a Stripe key', () => {
  it.each([
    [`sk_test_${body}`, 'test', 'secret'],
    [`rk_test_${body}`, 'test', 'restricted'],
    [`sk_live_${body}`, 'live', 'secret'],
    [`rk_live_${body}`, 'live', 'restricted'],
    [`sk_test_${'a'.repeat(24)}`, 'test', 'secret'],
  ])('%s is one of the mode and kind its prefix says', (text, mode, kind) => {
    expect(recogniseKey(text)).toEqual({ ok: true, mode, kind });
  });

  it.each([
    ['', 'Paste a key'],
    ['   ', 'Paste a key'],
    [` sk_test_${body}`, 'a space or a line break'],
    [`sk_test_${body}\n`, 'a space or a line break'],
    [`sk_test_${body} sk_test_${body}`, 'a space or a line break'],
    [`"sk_test_${body}"`, 'quotation marks'],
    [`pk_test_${body}`, 'publishable'],
    [`pk_live_${body}`, 'publishable'],
    [`whsec_${body}`, 'webhook endpoint'],
    [`sk_org_live_${body}`, 'organisation'],
    [`rk_org_test_${body}`, 'organisation'],
    [`ek_test_${body}`, 'one payment or one customer'],
    [`pi_3Q_secret_${body}`, 'one payment or one customer'],
    ['acct_1Q2w3e4r5t6y7u8i', 'the id of something'],
    [`sk_test_${'*'.repeat(20)}abcd`, 'hidden'],
    ['sk_test_', 'too short'],
    ['sk_test_51Habc', 'too short'],
    [`sk_test_${'a'.repeat(23)}`, 'too short'],
    [`sk_test_${'a'.repeat(300)}`, 'too long'],
    [`sk_test_${body}-${body}`, 'a character that keys do not have'],
    [`sk_test_${body}é`, 'a character that keys do not have'],
    [`SK_TEST_${body}`, 'not a Stripe key'],
    [`sk_prod_${body}`, 'not a Stripe key'],
    [`Bearersk_test_${body}`, 'not a Stripe key'],
    ['postgresql://ada:s3cret@db/credits', 'not a Stripe key'],
  ])('%j is none, and the sentence says why without repeating it', (text, why) => {
    const recognised = recogniseKey(text);
    expect(recognised).toEqual({ ok: false, why: expect.stringContaining(why) });
    expect(JSON.stringify(recognised)).not.toContain(body);
    expect(JSON.stringify(recognised)).not.toContain('s3cret');
  });

  it('may have any length for a server on this computer, and is otherwise held to the same form', () => {
    expect(recogniseKey('sk_test_123', { localServer: true })).toEqual({
      ok: true,
      mode: 'test',
      kind: 'secret',
    });
    expect(recogniseKey('rk_test_own_key-1', { localServer: true }).ok).toBe(true);
    expect(recogniseKey('sk_live_123', { localServer: true })).toMatchObject({ mode: 'live' });
    for (const text of ['pk_test_123', 'sk_test_', 'sk_test_1 2', 'sk_org_test_1', 'anything']) {
      expect(recogniseKey(text, { localServer: true }).ok).toBe(false);
    }
  });
});
