import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConsoleDoor, openConsoleDoor } from '#test/support/console-door.ts';
import { failureOf } from '#test/support/failure-of.ts';
import { type MailServer, startMailServer } from '#test/support/mail-server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/test-database.ts';
import { startWebhookSink } from '#test/support/webhook-sink.ts';

let database: TestDatabase;
let admin: ConsoleDoor;
let support: ConsoleDoor;
let server: MailServer;

beforeAll(async () => {
  database = await createTestDatabase();
  [admin, support] = await Promise.all([
    openConsoleDoor({ url: database.urlFor('test_admin') }),
    openConsoleDoor({ url: database.urlFor('test_support') }),
  ]);
});
afterAll(async () => {
  await Promise.all([admin.close(), support.close()]);
  await database.drop();
});
beforeEach(async () => {
  server = await startMailServer({ login: { user: 'shop', password: 'hidden-password' } });
  admin.events.splice(0);
});
afterEach(() => server.close());

const settings = (change: object = {}) => ({
  lowBalanceThreshold: 10,
  purchaseUrl: 'https://shop.example/buy?customer={customer_id}',
  companyName: 'Shop',
  desktopEnabled: true,
  emailEnabled: true,
  emailFrom: 'Shop <credits@shop.example>',
  emailReplyTo: null,
  smtpHost: '127.0.0.1',
  smtpPort: server.port,
  smtpSecurity: 'none',
  smtpUser: 'shop',
  hoursBetweenEmails: 24,
  webhookEnabled: false,
  webhookUrl: null,
  ...change,
});
const save = (change: object = {}, through = admin) =>
  through.call('notifications.saveSettings', {
    settings: settings(change),
    confirmedProduction: false,
  } as never);
const test = (change: object = {}) =>
  admin.call('notifications.sendTest', {
    channel: 'email',
    kind: 'low',
    to: 'ann@company.example',
    ...change,
  } as never);

describe('the settings', () => {
  it('are read by everybody and saved by who administers, with their name', async () => {
    const before = await support.call('notifications.settings', {});
    expect(before).toMatchObject({
      settings: {
        lowBalanceThreshold: 10,
        emailEnabled: false,
        desktopEnabled: true,
        smtpSecurity: 'starttls',
      },
      templates: [
        { kind: 'low', isDefault: true },
        { kind: 'empty', isDefault: true },
      ],
      smtpPassword: 'missing',
      webhookSecret: 'missing',
    });
    await expect(save({}, support)).rejects.toMatchObject({ code: 'not_permitted' });
    const saved = await save({ lowBalanceThreshold: 25 });
    expect(saved).toMatchObject({
      settings: settings({ lowBalanceThreshold: 25 }),
      changedBy: 'test_admin',
    });
    expect(admin.events).toContainEqual({ type: 'alerts.changed', customerId: null });
    expect((await save({ lowBalanceThreshold: 25 })).changedAt).toBe(saved.changedAt);
    expect((await support.call('notifications.settings', {})).settings).toEqual(saved.settings);
  });

  it('that two people save at once each keep what they changed', async () => {
    await save();
    const saveOnly = (change: object) =>
      admin.call('notifications.saveSettings', {
        settings: change,
        confirmedProduction: false,
      } as never);
    await Promise.all([saveOnly({ companyName: 'Acme' }), saveOnly({ hoursBetweenEmails: 1 })]);
    const whole = settings({ companyName: 'Acme', hoursBetweenEmails: 1 });
    const { settings: saved, changedAt } = await admin.call('notifications.settings', {});
    expect(saved).toEqual(whole);
    // A channel that somebody else turned on meanwhile keeps what it needs.
    expect((await failureOf(saveOnly({ smtpHost: null }))).fields).toEqual({
      'settings.smtpHost': 'is required to send e-mails',
    });
    expect(await saveOnly({})).toMatchObject({ settings: whole, changedAt });
  });

  it.each([
    [{ smtpHost: null, emailFrom: null }, ['settings.emailFrom', 'settings.smtpHost']],
    [{ webhookEnabled: true }, ['settings.webhookUrl']],
    [{ emailFrom: 'a@b.c>' }, ['settings.emailFrom']],
    [{ emailFrom: 'Ann\r\nBcc: x@y.z <a@b.c>' }, ['settings.emailFrom']],
    [{ emailReplyTo: 'a,b@c.example' }, ['settings.emailReplyTo']],
    [{ webhookUrl: 'http://shop.example/hooks' }, ['settings.webhookUrl']],
    [{ webhookUrl: 'https://ann:secret@shop.example/hooks' }, ['settings.webhookUrl']],
    [{ webhookUrl: 'http://127.0.0.1@shop.example/' }, ['settings.webhookUrl']],
    [{ webhookUrl: 'http://127.0.0.1.shop.example/' }, ['settings.webhookUrl']],
    [{ webhookUrl: 'https://shop.example:99999/' }, ['settings.webhookUrl']],
    [{ webhookUrl: 'https://[::1/' }, ['settings.webhookUrl']],
    [{ purchaseUrl: 'https://[shop.example/' }, ['settings.purchaseUrl']],
    [{ smtpHost: 'mail.example.com\r\nQUIT' }, ['settings.smtpHost']],
    [{ purchaseUrl: 'javascript:alert(1)' }, ['settings.purchaseUrl']],
  ])('refuse %o and name the fields', async (change, fields) => {
    const before = await admin.call('notifications.settings', {});
    const failure = await failureOf(save(change));
    expect(failure.code).toBe('invalid_argument');
    expect(Object.keys(failure.fields ?? {}).sort()).toEqual(fields);
    expect(await admin.call('notifications.settings', {})).toEqual(before);
  });
});

describe('the words', () => {
  const words = {
    subject: 'Low: {{balance}}',
    body: 'Dear {{customer}},\n\nBuy: {{purchase_url}}',
  };
  const saveWords = (of: object | null, through = admin) =>
    through.call('notifications.saveTemplate', {
      kind: 'low',
      words: of,
      confirmedProduction: false,
    } as never);

  it('are saved, shown as a made-up customer would get them, and taken back', async () => {
    await save();
    await expect(saveWords(words, support)).rejects.toMatchObject({ code: 'not_permitted' });
    expect((await saveWords(words)).templates).toMatchObject([
      { kind: 'low', ...words, isDefault: false },
      { isDefault: true },
    ]);
    const preview = await support.call('notifications.preview', { kind: 'low', ...words });
    expect(preview).toMatchObject({
      subject: 'Low: 5',
      text: 'Dear Ann Example,\n\nBuy: https://shop.example/buy?customer=example_customer\n',
    });
    expect(preview.html).toContain('Dear Ann Example,');
    expect((await saveWords(null)).templates[0]).toMatchObject({ kind: 'low', isDefault: true });
  });

  it('are refused with an unknown placeholder or a subject of two lines', async () => {
    expect((await failureOf(saveWords({ ...words, body: '{{nmae}}' }))).fields).toEqual({
      'words.body': 'has the unknown {{nmae}}',
    });
    const preview = admin.call('notifications.preview', {
      kind: 'low',
      ...words,
      subject: '{{x}}',
    });
    expect((await failureOf(preview)).fields).toEqual({ subject: 'has the unknown {{x}}' });
    await expect(saveWords({ ...words, subject: 'a\nBcc: x@y.z' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

describe('a test', () => {
  it('goes out as real ones do, and says what the server answered', async () => {
    await save();
    const missing = await failureOf(test());
    expect(missing).toMatchObject({
      code: 'invalid_argument',
      fields: { smtpPassword: expect.stringContaining('missing') },
    });

    const kept = await admin.call('notifications.setSecret', {
      which: 'smtp',
      secret: 'wrong-password',
    });
    expect(kept.smtpPassword).toBe('memory');
    expect(JSON.stringify(kept)).not.toContain('wrong-password');
    const refused = await failureOf(test());
    expect(refused.code).toBe('delivery_failed');
    expect(refused.message).toMatch(/Authentication failed for shop \/ \*\*\*/);
    expect(JSON.stringify(refused)).not.toContain('wrong-password');

    await admin.call('notifications.setSecret', { which: 'smtp', secret: 'hidden-password' });
    expect(await test()).toEqual({ answer: expect.stringMatching(/^250 /) });
    expect(server.mails).toMatchObject([
      { recipient: 'ann@company.example', subject: 'Your credits are running low: 5 left' },
    ]);

    server.refuseAddress(() => ({ code: 550, text: '5.1.1 No such user' }));
    expect((await failureOf(test({ kind: 'empty' }))).message).toMatch(
      /No such user\. Nothing was changed/,
    );
    const { rows } = await database.pool.query('SELECT FROM credits_billing.email_suppressions');
    expect(rows).toEqual([]);

    expect(
      (await admin.call('notifications.setSecret', { which: 'smtp', secret: null })).smtpPassword,
    ).toBe('missing');
    await expect(test({ to: null })).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { to: expect.any(String) },
    });
    await save({ emailEnabled: false, smtpHost: null });
    await expect(test()).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { smtpHost: expect.any(String) },
    });
  });

  it('of a webhook is signed with the secret that was shown once', async () => {
    const { secret } = await admin.call('notifications.makeWebhookSecret', {});
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const sink = await startWebhookSink(secret);
    await expect(test({ channel: 'webhook' })).rejects.toMatchObject({ code: 'invalid_argument' });
    const saved = await save({ webhookEnabled: true, webhookUrl: sink.url });
    expect(saved.webhookSecret).toBe('memory');
    expect(JSON.stringify(saved)).not.toContain(secret);
    expect(await test({ channel: 'webhook', to: null })).toEqual({ answer: 'HTTP 204' });
    expect(sink.received).toMatchObject([
      {
        isGenuine: true,
        body: { test: true, type: 'balance.low', data: { customer_id: 'example_customer' } },
      },
    ]);
    sink.answer({ status: 500 });
    expect(await failureOf(test({ channel: 'webhook' }))).toMatchObject({
      code: 'delivery_failed',
      message: expect.stringContaining('HTTP 500'),
    });
    await sink.close();
    expect(await failureOf(test({ channel: 'webhook' }))).toMatchObject({
      code: 'delivery_failed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(
      admin.call('notifications.setSecret', { which: 'webhook', secret: 'mine' }),
    ).rejects.toMatchObject({ code: 'invalid_argument', fields: { secret: expect.any(String) } });
    await save();
  });

  it('and the secrets are an administrator’s alone', async () => {
    for (const attempt of [
      support.call('notifications.sendTest', { channel: 'webhook', kind: 'low', to: null }),
      support.call('notifications.setSecret', { which: 'smtp', secret: 'x' }),
      support.call('notifications.makeWebhookSecret', {}),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'not_permitted' });
    }
  });
});
