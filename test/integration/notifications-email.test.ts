import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '#test/support/failure-of.ts';
import { makeGate } from '#test/support/gate.ts';
import { type MailServer, startMailServer, trustTestAuthority } from '#test/support/mail-server.ts';
import {
  createNotificationWorld,
  type NotificationWorld,
} from '#test/support/notification-world.ts';

let world: NotificationWorld;
let server: MailServer;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  world = await createNotificationWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.clear();
  server = await openServer();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function openServer(options: Parameters<typeof startMailServer>[0] = {}) {
  const opened = await startMailServer(options);
  closing.push(opened.close);
  await world.configure({
    email_enabled: true,
    email_from: 'Shop <credits@shop.example>',
    smtp_host: 'localhost',
    smtp_port: opened.port,
    smtp_security: options.security ?? 'none',
    smtp_user: options.login?.user ?? null,
  });
  return opened;
}

let customers = 0;
const newCustomer = (options?: Parameters<NotificationWorld['customer']>[1]) => {
  customers += 1;
  return world.customer(`customer_${customers}`, options);
};

describe('a mail', () => {
  it('says what happened, in text and HTML, from and to whom it should', async () => {
    await world.configure({
      email_reply_to: 'help@shop.example',
      company_name: 'Shop & Sons',
      purchase_url: 'https://shop.example/buy?customer={customer_id}',
    });
    const customer = await newCustomer({ name: 'Ann <b>Lee</b>', balance: 7 });
    const id = await world.notice(customer, { balance: 7 });
    expect(await world.round()).toEqual({ done: 1, customerIds: new Set([customer]) });
    const [mail] = server.mails;
    expect(mail).toMatchObject({
      recipient: `${customer}@example.com`,
      subject: 'Your credits are running low: 7 left',
      from: { value: [{ address: 'credits@shop.example', name: 'Shop' }] },
      replyTo: { value: [{ address: 'help@shop.example' }] },
      messageId: expect.stringMatching(new RegExp(`^<ntf_${id}_[0-9a-f]{24}@shop\\.example>$`)),
    });
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail?.text).toContain('Hello Ann <b>Lee</b>,');
    expect(mail?.text).toContain(`Get more credits: https://shop.example/buy?customer=${customer}`);
    expect(mail?.html).toContain('Hello Ann &lt;b&gt;Lee&lt;/b&gt;,');
    expect(mail?.html).toContain('Shop &amp; Sons');
    expect(mail?.html).toContain(`<a href="https://shop.example/buy?customer=${customer}">`);
    expect(await world.delivery(id)).toMatchObject({
      state: 'sent',
      recipient: `${customer}@example.com`,
      attempts: 1,
      reason: null,
      sent_at: expect.any(Date),
      claimed_by: null,
    });
    expect(await world.round()).toEqual({ done: 0, customerIds: new Set() });
    expect(server.mails).toHaveLength(1);
  });

  it('has the words that somebody saved', async () => {
    await world.database.pool.query(
      `INSERT INTO credits_billing.notification_templates (kind, subject, body, changed_by)
       VALUES ('empty', 'Nothing left, {{customer}}', 'Balance {{balance}}.', 'ann')`,
    );
    const customer = await newCustomer({ name: 'Bob', balance: 0 });
    await world.notice(customer, { kind: 'empty', balance: 0 });
    await world.round();
    expect(server.mails[0]).toMatchObject({ subject: 'Nothing left, Bob', text: 'Balance 0.\n' });
  });

  it.each(['starttls', 'tls'] as const)(
    'goes over %s with a login, to a server that proves who it is',
    async (security) => {
      const login = { user: 'shop', password: 'pässword' };
      server = await openServer({ security, login });
      const id = await world.notice(await newCustomer());
      world.secrets.smtp = login.password;

      const problem = await failureOf(world.round());
      expect(problem.code).toBe('delivery_failed');
      expect(problem.message).toMatch(/certificate/);
      expect(server.mails).toEqual([]);
      await world.makeDue();

      closing.push(trustTestAuthority());
      await world.round();
      expect(server.mails).toHaveLength(1);
      expect(await world.delivery(id)).toMatchObject({ state: 'sent', attempts: 2 });
    },
  );

  it('does not go in the clear where STARTTLS is asked for, nor without the login', async () => {
    const id = await world.notice(await newCustomer());
    await world.configure({ smtp_security: 'starttls' });
    expect((await failureOf(world.round())).code).toBe('delivery_failed');
    await world.configure({ smtp_security: 'none', smtp_user: 'shop' });
    world.secrets.smtp = 'secret';
    await world.makeDue();
    expect((await failureOf(world.round())).code).toBe('delivery_failed');
    expect(server.mails).toEqual([]);
    expect(await world.delivery(id)).toMatchObject({ state: 'queued', attempts: 2 });
  });
});

describe('a mail server that has trouble', () => {
  it('gets the mail later where it says so, ever later, and for a day', async () => {
    server.refuseAddress(() => ({ code: 450, text: '4.2.0 Greylisted, come back' }));
    const id = await world.notice(await newCustomer());
    for (const waits of [1, 5, 15, 60]) {
      await world.makeDue();
      expect(await world.round()).toMatchObject({ done: 0 });
      expect(await world.delivery(id)).toMatchObject({
        state: 'queued',
        waits,
        reason: expect.stringContaining('Greylisted, come back'),
      });
    }
    await world.database.pool.query(
      `UPDATE credits_billing.notification_deliveries SET first_attempt_at = first_attempt_at - interval '23 hours 30 minutes'`,
    );
    await world.makeDue();
    expect(await world.round()).toMatchObject({ done: 1 });
    expect(await world.delivery(id)).toMatchObject({ state: 'failed', attempts: 5 });
  });

  it('gets it once where it refused first and took it then', async () => {
    let refusals = 0;
    server.refuseMail(() =>
      refusals++ === 0 ? { code: 451, text: '4.3.0 Try again' } : undefined,
    );
    const id = await world.notice(await newCustomer());
    await world.round();
    await world.makeDue();
    await world.round();
    expect(server.mails).toHaveLength(1);
    expect(await world.delivery(id)).toMatchObject({ state: 'sent', attempts: 2, reason: null });
  });

  it('that breaks in the middle of a mail gets it again, under the same Message-ID', async () => {
    let mails = 0;
    server.refuseMail(() => (mails++ === 0 ? 'die' : undefined));
    const id = await world.notice(await newCustomer());
    expect((await failureOf(world.round())).code).toBe('delivery_failed');
    expect(await world.delivery(id)).toMatchObject({ state: 'queued', attempts: 1, waits: 1 });
    await world.makeDue();
    await world.round();
    expect(server.mails).toHaveLength(1);
    expect(await world.delivery(id)).toMatchObject({ state: 'sent', attempts: 2 });
  });

  it('that nobody reaches, or that refuses the login, costs one delivery an attempt and not all of them', async () => {
    await server.close();
    for (let each = 0; each < 8; each += 1) await world.notice(await newCustomer());
    const attempted = async () => (await world.deliveries()).filter(({ attempts }) => attempts > 0);
    const problem = await failureOf(world.round());
    expect(problem).toMatchObject({ code: 'delivery_failed' });
    expect(problem.message).toMatch(/ECONNREFUSED.*Nothing is lost/);
    expect(await attempted()).toMatchObject([{ attempts: 1, state: 'queued', waits: 0 }]);
    expect((await world.deliveries()).every(({ claimed_by }) => claimed_by === null)).toBe(true);

    server = await openServer({ login: { user: 'shop', password: 'right' } });
    world.secrets.smtp = 'wrong-password';
    const refused = await failureOf(world.round());
    expect(refused.message).toMatch(/Authentication failed/);
    expect(
      JSON.stringify([refused.message, refused.details, await world.deliveries()]),
    ).not.toContain('wrong-password');
    expect(await attempted()).toHaveLength(2);
    expect(server.connections()).toBe(1);

    world.secrets.smtp = 'right';
    await world.makeDue();
    expect(await world.round()).toMatchObject({ done: 8 });
    expect(server.mails).toHaveLength(8);
  });
});

describe('an address that is refused for good', () => {
  it('fails, and gets no further mail where the server knows no such mailbox', async () => {
    server.refuseAddress(() => ({ code: 550, text: '5.1.1 No such user' }));
    const customer = await newCustomer();
    const id = await world.notice(customer);
    expect(await world.round()).toMatchObject({ done: 1 });
    expect(await world.delivery(id)).toMatchObject({
      state: 'failed',
      attempts: 1,
      reason: expect.stringContaining('No such user'),
    });
    const { rows } = await world.database.pool.query(
      'SELECT customer_id, by_mail_server, reason FROM credits_billing.email_suppressions',
    );
    expect(rows).toEqual([
      {
        customer_id: customer,
        by_mail_server: true,
        reason: expect.stringContaining('No such user'),
      },
    ]);
    server.refuseAddress(() => undefined);
    const later = await world.notice(customer, { kind: 'low' });
    await world.round();
    expect(await world.delivery(later)).toMatchObject({
      state: 'suppressed',
      reason: expect.stringContaining('No such user'),
    });
    expect(server.mails).toEqual([]);
  });

  it.each([
    [{ code: 552, text: '5.2.2 Mailbox full' }, 'failed'],
    [{ code: 554, text: '5.7.1 Looks like spam' }, 'failed'],
    // Not about this address: about who sends.
    [{ code: 554, text: '5.7.1 Relay access denied' }, 'queued'],
    [{ code: 530, text: '5.7.0 Authentication required' }, 'queued'],
  ])('is not taken for unknown: %o', async (refusal, state) => {
    server.refuseAddress(() => refusal);
    const id = await world.notice(await newCustomer());
    await world.round().catch(() => undefined);
    expect(await world.delivery(id)).toMatchObject({ state });
    const { rows } = await world.database.pool.query(
      'SELECT FROM credits_billing.email_suppressions',
    );
    expect(rows).toEqual([]);
  });

  it('fails without suppressing anything where the mail itself is refused', async () => {
    server.refuseMail(() => ({ code: 552, text: '5.3.4 Too big' }));
    const id = await world.notice(await newCustomer());
    await world.round();
    expect(await world.delivery(id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('Too big'),
    });
    expect(
      (await world.database.pool.query('SELECT FROM credits_billing.email_suppressions')).rows,
    ).toEqual([]);
  });
});

describe('a notice is not mailed', () => {
  const suppressed = async (id: string, reason: RegExp) => {
    expect(await world.delivery(id)).toMatchObject({
      state: 'suppressed',
      reason: expect.stringMatching(reason),
    });
    expect(server.mails).toEqual([]);
  };

  it('to a customer without an address, or with one that is none or two', async () => {
    const none = await world.notice(await newCustomer({ email: null }));
    const two = await world.notice(
      await newCustomer({ email: 'ann@example.com, bob@example.com' }),
    );
    const injected = await world
      .notice(await newCustomer({ email: 'ann@example.com\nBcc: everybody@example.com' }))
      .catch(() => undefined);
    expect(await world.round()).toMatchObject({ done: injected === undefined ? 2 : 3 });
    await suppressed(none, /no e-mail address/);
    await suppressed(two, /not one that a mail can be sent to/);
  });

  it('where a person suppressed it, or e-mails were switched off meanwhile', async () => {
    const customer = await newCustomer();
    const id = await world.notice(customer);
    await world.database.pool.query(
      `INSERT INTO credits_billing.email_suppressions (customer_id, reason, created_by) VALUES ($1, 'Asked for no mail', 'ann')`,
      [customer],
    );
    await world.round();
    await suppressed(id, /suppressed: Asked for no mail/);
    const off = await world.notice(await newCustomer());
    await world.configure({ email_enabled: false });
    await world.round();
    await suppressed(off, /switched off/);
  });

  it('where the balance recovered since', async () => {
    const low = await world.notice(await newCustomer({ balance: 10 }));
    const own = await world.notice(await newCustomer({ balance: 5, threshold: 5 }));
    const empty = await world.notice(await newCustomer({ balance: 3 }), {
      kind: 'empty',
      balance: 0,
    });
    await world.round();
    await suppressed(low, /recovered before it was sent: 10 credits now, with a threshold of 10/);
    await suppressed(own, /recovered/);
    await suppressed(empty, /credits again before it was sent: 3 credits now/);
  });

  it('where a later notice tells more, which is mailed', async () => {
    const customer = await newCustomer({ balance: 0 });
    const low = await world.notice(customer);
    const empty = await world.notice(customer, { kind: 'empty', balance: 0 });
    await world.round();
    expect(await world.delivery(low)).toMatchObject({
      state: 'suppressed',
      reason: expect.stringMatching(/later notice/),
    });
    expect(await world.delivery(empty)).toMatchObject({ state: 'sent' });
    expect(server.mails.map(({ subject }) => subject)).toEqual(['You have no credits left']);
  });

  it('and yet the customer is told where the later notice is not true any more', async () => {
    const customer = await newCustomer({ name: ' ', balance: 3, threshold: 8 });
    const low = await world.notice(customer, { balance: 5 });
    const empty = await world.notice(customer, { kind: 'empty', balance: 0 });
    await world.round();
    expect(await world.delivery(empty)).toMatchObject({ state: 'suppressed' });
    expect(await world.delivery(low)).toMatchObject({ state: 'sent' });
    // Of now, not of when the notice was raised.
    expect(server.mails[0]).toMatchObject({
      subject: 'Your credits are running low: 3 left',
      text: expect.stringContaining(`Hello ${customer},`),
    });
    expect(server.mails[0]?.text).toContain('fewer than 8,');
  });

  it('where one of its kind was within the hours between two, and one of the other kind is', async () => {
    const customer = await newCustomer();
    await world.notice(customer);
    await world.round();
    const second = await world.notice(customer);
    await world.round();
    expect(await world.delivery(second)).toMatchObject({
      state: 'suppressed',
      reason: 'The customer got an e-mail of this kind within the last 24 hours.',
    });
    await world.database.pool.query('SELECT credits.deduct_credits($1, 5, $2)', [customer, 'all']);
    await world.notice(customer, { kind: 'empty', balance: 0 });
    await world.round();
    expect(server.mails).toHaveLength(2);
    // After the hours, or with none between two, it is mailed.
    await world.database.pool.query(`SELECT credits.adjust_credits($1, 5, 'again')`, [customer]);
    await world.database.pool.query(
      `UPDATE credits_billing.notification_deliveries SET sent_at = sent_at - interval '25 hours' WHERE state = 'sent'`,
    );
    await world.notice(customer);
    await world.round();
    await world.configure({ hours_between_emails: 0 });
    await world.notice(customer);
    await world.round();
    expect(server.mails).toHaveLength(4);
  });

  it('while one of its kind is on its way, and then not within the hours either', async () => {
    const customer = await newCustomer();
    const first = await world.notice(customer);
    const [left, letLeave] = makeGate();
    const [arrived, arrive] = makeGate();
    server.refuseMail(async () => {
      arrive();
      await left;
      return undefined;
    });
    const slow = world.round('slow:1');
    await arrived;
    // The balance recovered and fell again while the mail server takes its time.
    const second = await world.notice(customer);
    const other = world.round('other:2');
    await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 500))]);
    letLeave();
    await Promise.all([slow, other]);
    expect(await world.delivery(first)).toMatchObject({ state: 'sent' });
    await world.makeDue();
    await world.round();
    expect(await world.delivery(second)).toMatchObject({
      state: 'suppressed',
      reason: 'The customer got an e-mail of this kind within the last 24 hours.',
    });
    expect(server.mails).toHaveLength(1);
  });

  it('by a process that lacks the password, which says so once and leaves it to another', async () => {
    const login = { user: 'shop', password: 'right' };
    server = await openServer({ login });
    const id = await world.notice(await newCustomer());
    expect(await world.round()).toMatchObject({ done: 0 });
    expect(await world.round()).toMatchObject({ done: 0 });
    expect(await world.delivery(id)).toMatchObject({
      state: 'queued',
      attempts: 0,
      claimed_by: null,
    });
    expect(world.logLines).toEqual([
      expect.stringMatching(
        /E-mails cannot be delivered from here: the mail server’s password is missing/,
      ),
    ]);
    world.secrets.smtp = login.password;
    await world.round();
    expect(server.mails).toHaveLength(1);
  });
});

describe('side by side', () => {
  it('two processes send each of fifty notices once', async () => {
    const ids: string[] = [];
    for (let each = 0; each < 50; each += 1) ids.push(await world.notice(await newCustomer()));
    const rounds = await Promise.all([world.round('one'), world.round('two')]);
    expect(rounds[0].done + rounds[1].done).toBe(50);
    expect(Math.min(rounds[0].done, rounds[1].done)).toBeGreaterThan(0);
    expect(new Set(server.mails.map(({ messageId }) => messageId)).size).toBe(50);
    expect(server.mails).toHaveLength(50);
    expect(
      (await world.deliveries()).every(({ state, attempts }) => state === 'sent' && attempts === 1),
    ).toBe(true);
  });

  it('what a killed process had taken waits for its two minutes, and is then taken over', async () => {
    const id = await world.notice(await newCustomer());
    const { pool } = world.database;
    await pool.query(`UPDATE credits_billing.notification_deliveries SET claimed_by = 'killed', attempts = 1,
      first_attempt_at = clock_timestamp(), claimed_until = clock_timestamp() + interval '2 minutes'`);
    expect(await world.round()).toMatchObject({ done: 0 });
    await pool.query(
      `UPDATE credits_billing.notification_deliveries SET claimed_until = clock_timestamp() - interval '1 second'`,
    );
    expect(await world.round()).toMatchObject({ done: 1 });
    expect(await world.delivery(id)).toMatchObject({ state: 'sent', attempts: 2 });
    expect(server.mails).toHaveLength(1);
  });

  it('one whose claim was taken over meanwhile does not mark what is not its own', async () => {
    const id = await world.notice(await newCustomer());
    server.refuseMail(async () => {
      await world.database.pool.query(`UPDATE credits_billing.notification_deliveries SET claimed_by = 'other',
        claimed_until = clock_timestamp() + interval '2 minutes'`);
      return { code: 554, text: 'refused' };
    });
    await world.round('mine');
    expect(await world.delivery(id)).toMatchObject({ state: 'queued', claimed_by: 'other' });
  });

  it('stops when told, and gives back what it had taken', async () => {
    const ids: string[] = [];
    for (let each = 0; each < 20; each += 1) ids.push(await world.notice(await newCustomer()));
    const stopping = new AbortController();
    server.refuseMail(() => {
      stopping.abort();
      return undefined;
    });
    const { done } = await world.round('one', stopping.signal);
    expect(done).toBeLessThanOrEqual(4);
    expect(server.mails).toHaveLength(done);
    const left = (await world.deliveries()).filter(({ state }) => state === 'queued');
    expect(left).toHaveLength(20 - done);
    expect(
      left.every(
        ({ attempts, claimed_by, first_attempt_at }) =>
          attempts === 0 && claimed_by === null && first_attempt_at === null,
      ),
    ).toBe(true);
  });
});
