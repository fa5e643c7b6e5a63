import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newWebhookSecret } from '#main/notifications/webhook/sign-webhook.ts';
import { failureOf } from '#test/support/failure-of.ts';
import { startMailServer } from '#test/support/mail-server.ts';
import {
  createNotificationWorld,
  type NotificationWorld,
} from '#test/support/notification-world.ts';
import { startWebhookSink, type WebhookSink } from '#test/support/webhook-sink.ts';

const SECRET = newWebhookSecret();
const webhook = { channels: ['webhook'] as const };

let world: NotificationWorld;
let sink: WebhookSink;

beforeAll(async () => {
  world = await createNotificationWorld();
  await world.customer('ann');
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.clear();
  sink = await startWebhookSink(SECRET);
  world.secrets.webhook = SECRET;
  await world.configure({
    webhook_enabled: true,
    webhook_url: sink.url,
    purchase_url: 'https://shop.example/buy/{customer_id}',
  });
});
afterEach(() => sink.close());

describe('a webhook', () => {
  it('is signed by the Standard Webhooks specification and tells what happened', async () => {
    const id = await world.notice('ann', { kind: 'empty', balance: -3, ...webhook });
    expect(await world.round()).toEqual({ done: 1, customerIds: new Set(['ann']) });
    expect(sink.received).toEqual([
      {
        id: expect.stringMatching(new RegExp(`^ntf_${id}_[0-9a-f]{24}$`)),
        isGenuine: true,
        headers: expect.objectContaining({ 'content-type': 'application/json' }),
        body: {
          id: sink.received[0]?.id,
          type: 'balance.empty',
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
          data: {
            customer_id: 'ann',
            balance: -3,
            threshold: 10,
            transaction_id: expect.stringMatching(/^\d+$/),
            purchase_url: 'https://shop.example/buy/ann',
          },
        },
      },
    ]);
    expect(await world.delivery(id)).toMatchObject({
      state: 'sent',
      recipient: new URL(sink.url).host,
      attempts: 1,
    });
  });

  it('tells what happened also where the balance recovered since', async () => {
    await world.customer('rich', { balance: 5_000 });
    await world.notice('rich', webhook);
    await world.round();
    expect(sink.received).toHaveLength(1);
  });

  it.each([
    [400, 'queued'],
    [500, 'queued'],
    [410, 'failed'],
  ])('that is answered with %i is then %s', async (status, state) => {
    sink.answer({ status });
    const id = await world.notice('ann', webhook);
    await world.round();
    expect(await world.delivery(id)).toMatchObject({
      state,
      attempts: 1,
      reason: `The webhook’s address answered HTTP ${status}.`,
    });
  });

  it('is tried again under the same id, signed anew', async () => {
    sink.answer({ status: 500 });
    const id = await world.notice('ann', webhook);
    await world.round();
    sink.answer({ status: 200 });
    await world.makeDue();
    await world.round();
    expect(sink.received.map(({ isGenuine }) => isGenuine)).toEqual([true, true]);
    expect(new Set(sink.received.map((received) => received.id)).size).toBe(1);
    expect(await world.delivery(id)).toMatchObject({ state: 'sent', attempts: 2, reason: null });
  });

  it('does not follow a redirect', async () => {
    const elsewhere = await startWebhookSink(SECRET);
    sink.answer({ status: 307, location: elsewhere.url });
    const id = await world.notice('ann', webhook);
    await world.round();
    expect(elsewhere.received).toEqual([]);
    expect(await world.delivery(id)).toMatchObject({
      state: 'queued',
      reason: expect.stringContaining('redirect'),
    });
    await elsewhere.close();
  });

  it.each([
    // Who reaches it may try at once.
    ['unreachable', 0],
    ['busy', 1],
  ])(
    'whose endpoint is %s ends the round after one attempt, and waits %i minutes',
    async (how, waits) => {
      if (how === 'unreachable') await sink.close();
      else sink.answer({ status: 503 });
      for (let each = 0; each < 25; each += 1) await world.notice('ann', webhook);
      expect((await failureOf(world.round())).code).toBe('delivery_failed');
      const rows = await world.deliveries();
      expect(rows.filter(({ attempts }) => attempts > 0)).toMatchObject([
        { state: 'queued', waits },
      ]);
      expect(rows.every(({ claimed_by }) => claimed_by === null)).toBe(true);
      if (how === 'unreachable') sink = await startWebhookSink(SECRET);
    },
  );

  it('is left to others where the secret is missing or is none, and suppressed where it was switched off', async () => {
    const id = await world.notice('ann', webhook);
    world.secrets.webhook = undefined;
    await world.round();
    world.secrets.webhook = 'whsec_short';
    await world.round();
    expect(await world.delivery(id)).toMatchObject({ state: 'queued', attempts: 0 });
    expect(world.logLines).toEqual([
      expect.stringContaining('the secret to sign it with is missing'),
    ]);
    await world.configure({ webhook_enabled: false });
    await world.round();
    expect(await world.delivery(id)).toMatchObject({
      state: 'suppressed',
      reason: expect.stringContaining('switched off'),
    });
    expect(sink.received).toEqual([]);
  });

  it('is not held up by a mail server that does not answer', async () => {
    const gone = await startMailServer();
    await gone.close();
    await world.configure({
      email_enabled: true,
      email_from: 'credits@shop.example',
      smtp_host: '127.0.0.1',
      smtp_port: gone.port,
      smtp_security: 'none',
    });
    const id = await world.notice('ann', { channels: ['email', 'webhook'] });
    expect((await failureOf(world.round())).code).toBe('delivery_failed');
    expect(await world.deliveries(id)).toMatchObject([
      { channel: 'email', state: 'queued', attempts: 1 },
      { channel: 'webhook', state: 'sent', attempts: 1 },
    ]);
  });
});

describe('side by side', () => {
  it('two processes post each of fifty notices once', async () => {
    for (let each = 0; each < 50; each += 1) await world.notice('ann', webhook);
    const rounds = await Promise.all([world.round('one'), world.round('two')]);
    expect(rounds[0].done + rounds[1].done).toBe(50);
    expect(sink.received).toHaveLength(50);
    expect(new Set(sink.received.map(({ id }) => id)).size).toBe(50);
    expect(sink.received.every(({ isGenuine }) => isGenuine)).toBe(true);
  });
});
