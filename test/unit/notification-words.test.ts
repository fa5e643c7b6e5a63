import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAddress, parseMailbox } from '#main/notifications/email/mailbox.ts';
import {
  newWebhookSecret,
  signWebhook,
  webhookKeyOf,
} from '#main/notifications/webhook/sign-webhook.ts';
import { DEFAULT_WORDS } from '#main/notifications/words/default-words.ts';
import { purchaseUrlFor } from '#main/notifications/words/purchase-url.ts';
import { type MessageValues, renderMessage } from '#main/notifications/words/render-message.ts';
import { checkWords } from '#main/notifications/words/words.ts';
import { ALERT_KINDS } from '#shared/ipc/alerts.ts';

const values: MessageValues = {
  customer: 'Ann',
  balance: 1_234,
  threshold: 5_000,
  company: 'Shop',
  purchaseUrl: 'https://shop.example/buy?a=1&b=2',
};
const bare = { ...values, company: null, purchaseUrl: null };
const render = (body: string, change: Partial<MessageValues> = {}) =>
  renderMessage({ subject: 'Credits', body }, { ...values, ...change });

describe('words', () => {
  it('have their placeholders filled in, as text and as HTML', () => {
    const { text, html } = render(
      'Hi {{customer}},\n{{ balance }} of {{threshold}}.\n\n{{company}}',
    );
    expect(text).toBe('Hi Ann,\n1,234 of 5,000.\n\nShop\n');
    expect(html).toContain('Hi Ann,<br>\n1,234 of 5,000.');
  });

  it('lose a line whose value is not set, and the paragraph with it where nothing else is in it', () => {
    const body = 'First.\n\nBuy: {{purchase_url}}\n\nThanks\n{{company}}\n\nLast.';
    expect(render(body, bare).text).toBe('First.\n\nThanks\n\nLast.\n');
    expect(render(body, bare).html).not.toContain('Buy');
  });

  it.each(ALERT_KINDS)(
    'of the console’s own for %s leave nothing dangling without a company and an address',
    (kind) => {
      const { text, subject } = renderMessage(DEFAULT_WORDS[kind], bare);
      expect(text).not.toMatch(/\{\{|:\s*$|Get more|null|undefined/);
      expect(text.split('\n\n')).toHaveLength(2);
      expect(subject).not.toContain('{{');
      expect(() => checkWords(DEFAULT_WORDS[kind])).not.toThrow();
    },
  );

  it('make a button of a line that ends with the address, and a link of one elsewhere', () => {
    const link = '<a href="https://shop.example/buy?a=1&amp;b=2">';
    const button = render('Get more credits: {{purchase_url}}');
    expect(button.html).toMatch(
      /<td bgcolor="#\w+" align="center"><a href="https:\/\/shop.example\/buy\?a=1&amp;b=2"><font[^>]*><b>Get more credits<\/b>/,
    );
    expect(button.text).toBe('Get more credits: https://shop.example/buy?a=1&b=2\n');
    expect(render('See {{purchase_url}} for more').html).toContain(
      `See ${link}https://shop.example/buy?a=1&amp;b=2</a> for more`,
    );
    expect(render('{{purchase_url}}').html).toContain(`${link}https:`);
    expect(render('{{purchase_url}}', { purchaseUrl: 'javascript:alert(1)' }).html).not.toContain(
      '<a ',
    );
  });

  it('use nothing that the preview’s policy or a mail program refuses', () => {
    const { html } = renderMessage(DEFAULT_WORDS.low, values);
    expect(html).not.toMatch(/style|class=|<script|<img|<link|src=|url\(/i);
  });

  it('refuse placeholders that nothing stands for', () => {
    expect(() =>
      checkWords({ subject: 'a {{naem}}', body: '{{balance}} {{ a b }} {{}}' }, 'words.'),
    ).toThrowError(
      expect.objectContaining({
        code: 'invalid_argument',
        fields: {
          'words.subject': 'has the unknown {{naem}}',
          'words.body': 'has the unknown {{a b}}, {{}}',
        },
      }),
    );
  });

  it('never let a value bring markup, headers, lines or placeholders', () => {
    const bad = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc
        .array(
          fc.constantFrom(
            '<',
            '>',
            '"',
            "'",
            '&',
            '\r',
            '\n',
            ' ',
            '{{balance}}',
            '<script>',
            'Bcc: a@b.c',
            '\u202e',
            '\u2028',
            '\u0000',
            '--',
            '<!--',
            'x',
          ),
          { maxLength: 12 },
        )
        .map((parts) => parts.join('')),
    );
    const words = {
      subject: 'For {{customer}} of {{company}}',
      body: 'A {{customer}} z\n\n{{company}}\n\nBuy: {{purchase_url}}',
    };
    // A letter that is not escaped would make or change one of these.
    const structureOf = (html: string) => html.match(/<[^>]*>?/g);
    const expected = structureOf(renderMessage(words, { ...values, company: 'x' }).html);
    fc.assert(
      fc.property(bad, bad, (customer, company) => {
        const message = renderMessage(words, { ...values, customer, company: `x${company}` });
        expect(message.subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u);
        expect(message.text.split('\n')).toHaveLength(6);
        expect(structureOf(message.html)).toEqual(expected);
        if (customer.includes('{{balance}}')) expect(message.text).toContain('{{balance}}');
      }),
      { numRuns: 300 },
    );
  });
});

describe('the address to buy at', () => {
  it('holds the customer’s id, safely', () => {
    expect(purchaseUrlFor('https://s.example/{customer_id}/{customer_id}', 'a/b?c d$&')).toBe(
      'https://s.example/a%2Fb%3Fc%20d%24%26/a%2Fb%3Fc%20d%24%26',
    );
    expect(purchaseUrlFor(null, 'a')).toBeNull();
  });
});

describe('a mailbox', () => {
  it('is one plain address, with or without a name', () => {
    expect(parseMailbox('Shop & Co <credits@shop.example>')).toEqual({
      name: 'Shop & Co',
      address: 'credits@shop.example',
    });
    expect(parseMailbox(' credits@shop.example ')).toEqual({
      name: '',
      address: 'credits@shop.example',
    });
    for (const text of [
      '',
      'shop',
      'a@b@c',
      'a@b, c@d',
      'A\r\nBcc: x@y.z <a@b.c>',
      'a@b>',
      '<a@b',
      'a b@c',
    ]) {
      expect(parseMailbox(text), text).toBeUndefined();
    }
    expect(isAddress('jörg@bücher.example')).toBe(true);
    expect(isAddress('a@b\u0000.example')).toBe(false);
  });
});

describe('a webhook’s signature', () => {
  it('is that of the specification’s own example', () => {
    const key = webhookKeyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    if (key === undefined) throw new Error('the example’s secret is refused');
    expect(
      signWebhook(key, {
        id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        sentAt: new Date(1_614_265_330_000),
        body: '{"test": 2432232314}',
      }),
    ).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('takes secrets of 24 to 64 bytes, such as its own', () => {
    expect(webhookKeyOf(newWebhookSecret())).toHaveLength(32);
    for (const secret of [
      '',
      'whsec_',
      'whsec_c2hvcnQ=',
      `whsec_${Buffer.alloc(65).toString('base64')}`,
      'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ]) {
      expect(webhookKeyOf(secret), secret).toBeUndefined();
    }
  });
});
