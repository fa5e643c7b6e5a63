import { describe, expect, it } from 'vitest';
import { mailFailureOf } from '#main/notifications/email/mail-failure.ts';

/** As nodemailer reports a reply that it did not want. */
const refused = (command: string, response: string) =>
  Object.assign(new Error('refused'), {
    command,
    response,
    responseCode: Number(response.slice(0, 3)),
  });
const login = { user: 'shop', password: 'pass  word' };

describe('a refusal', () => {
  it.each([
    ['550 5.1.1 <ann@shop.example>: User unknown in relay recipient table'],
    ['550-5.1.1 The account that you tried to reach does not exist.\n550 5.1.1 Look for typos'],
    ['550 5.1.1 <ann@shop.example> Recipient address rejected by sender policy: user unknown'],
    ['550 Requested action not taken: mailbox unavailable'],
    ['553 No such user here'],
  ])('that names the address suppresses it: %s', (response) => {
    expect(mailFailureOf(refused('RCPT TO', response), login)).toMatchObject({
      kind: 'failed',
      suppresses: true,
    });
  });

  it.each([
    ['550 Blocked: 203.0.113.7 is listed at zen.spamhaus.org'],
    ['550 5.7.1 Message refused by the policy of this mailbox'],
    ['552 5.2.2 Mailbox full'],
    ['550 <user@unknown.example>: blocked by policy'],
  ])('that says nothing of the address suppresses nothing: %s', (response) => {
    expect(mailFailureOf(refused('RCPT TO', response), login)).toMatchObject({
      kind: 'failed',
      suppresses: false,
    });
  });

  // Servers often wait with these until a recipient is named.
  it.each([
    ['550 5.1.8 <credits@shop.example>: Sender address rejected: Domain not found'],
    ['553 5.7.1 <credits@shop.example>: Sender address rejected: not owned by user shop'],
    ['550 Sender verify failed'],
    ['554 5.7.1 <ann@shop.example>: Relay access denied'],
    ['421 4.7.0 Try again later'],
  ])('of the sender is about the settings, and costs no delivery: %s', (response) => {
    expect(mailFailureOf(refused('RCPT TO', response), login)).toMatchObject({
      kind: 'later',
      problem: { code: 'delivery_failed' },
    });
  });

  // Else one customer's address would hold up the mail of all others for a day.
  it.each([
    ['550 5.7.1 <relay@shop.example>: Recipient address rejected: Access denied'],
    ['550 relay-team@shop.example: no such user'],
    ['554 <sender@shop.example>: rejected, mailbox disabled'],
    ['550 No such user here (mx1.smtp-relay.shop.example)'],
    ['452 4.2.2 <relay@shop.example>: mailbox full'],
  ])('is not taken for one of the sender by the names in it: %s', (response) => {
    expect(mailFailureOf(refused('RCPT TO', response), login)).not.toHaveProperty('problem');
  });

  it('never repeats the password, in whichever form, nor characters that no text has', () => {
    const plain = Buffer.from(`\0${login.user}\0${login.password}`).toString('base64');
    const echo = `535 5.7.8 \0 AUTH PLAIN ${plain} / ${Buffer.from(login.password).toString('base64')} / ${login.password} / ${'.'.repeat(410)}${login.password}`;
    const { kind, reason, problem } = {
      reason: '',
      problem: undefined,
      ...mailFailureOf(refused('AUTH PLAIN', echo), login),
    };
    expect(kind).toBe('later');
    expect(reason).toContain('535 5.7.8 AUTH PLAIN *** / *** / *** / .');
    const told = JSON.stringify([reason, problem, String(problem)]);
    expect(told).not.toMatch(/pass|c2hvc|\\u0000/);
  });
});
