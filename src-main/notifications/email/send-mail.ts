import { PassThrough } from 'node:stream';
import { domainToASCII } from 'node:url';
import type { NotificationSettings } from '#shared/ipc/notifications.ts';
import type { DeliveryOutcome } from '../delivery/outcome.ts';
import type { Message } from '../words/render-message.ts';
import { mailFailureOf } from './mail-failure.ts';
import { type Mailbox, parseMailbox } from './mailbox.ts';

/** How mail leaves: complete, unlike the settings. */
export type MailServer = {
  host: string;
  port: number;
  security: NotificationSettings['smtpSecurity'];
  /** Undefined: without a login. */
  login: { user: string; password: string } | undefined;
  from: Mailbox;
  replyTo: Mailbox | undefined;
};

const DEFAULT_PORTS: Readonly<Record<NotificationSettings['smtpSecurity'], number>> = {
  starttls: 587,
  tls: 465,
  none: 25,
};
const CONNECT_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 15_000;
/** From the first packet to the last; far below the time that a delivery is claimed for. */
const SEND_WITHIN_MS = 40_000;

/** The mail server of the settings; undefined where host, sender, or the password that belongs to the user is missing. */
export function mailServerOf(
  settings: NotificationSettings,
  password: string | undefined,
): MailServer | undefined {
  const { smtpHost: host, smtpPort, smtpSecurity: security, smtpUser: user } = settings;
  const from = parseMailbox(settings.emailFrom ?? '');
  if (host === null || from === undefined || (user !== null && password === undefined)) {
    return undefined;
  }
  return {
    host,
    port: smtpPort ?? DEFAULT_PORTS[security],
    security,
    login: user === null || password === undefined ? undefined : { user, password },
    from,
    replyTo: parseMailbox(settings.emailReplyTo ?? ''),
  };
}

/**
 * Sends one mail over a connection of its own. STARTTLS is demanded where it is chosen, certificates are verified, and where
 * there is a login the mail does not leave without it. `key` makes the Message-ID, the same for every attempt. Where the signal
 * aborts before the mail begins to leave, it is given up at once; after that it is finished. Never rejects.
 */
export async function sendMail(
  server: MailServer,
  { to, key, message }: { to: string; key: string; message: Message },
  signal?: AbortSignal,
): Promise<DeliveryOutcome> {
  // Loaded with the first mail: the console starts without it.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'none',
    ...(server.login
      ? { auth: { user: server.login.user, pass: server.login.password }, forceAuth: true }
      : {}),
    dnsTimeout: CONNECT_WITHIN_MS,
    connectionTimeout: CONNECT_WITHIN_MS,
    greetingTimeout: CONNECT_WITHIN_MS,
    socketTimeout: ANSWER_WITHIN_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const givenUp = new AbortController();
  const giveUp = () => givenUp.abort(signal?.reason);
  let hasBegun = false;
  transport.use('stream', (mail, done) => {
    // Called when the mail is about to be sent: the server was reached, and the login taken.
    mail.message.transform(() => {
      hasBegun = true;
      signal?.removeEventListener('abort', giveUp);
      return new PassThrough();
    });
    done();
  });
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) giveUp();
  try {
    const { response } = await transport.sendMail({
      from: server.from,
      to: { name: '', address: to },
      ...(server.replyTo ? { replyTo: server.replyTo } : {}),
      subject: message.subject,
      text: message.text,
      html: message.html,
      messageId: `<${key}@${domainOf(server.from.address)}>`,
      // No out-of-office notes in return.
      headers: { 'Auto-Submitted': 'auto-generated' },
      signal: AbortSignal.any([AbortSignal.timeout(SEND_WITHIN_MS), givenUp.signal]),
    });
    return { kind: 'sent', answer: response };
  } catch (error) {
    const failure = mailFailureOf(error, server.login);
    return failure.kind === 'later' && !hasBegun ? { ...failure, isUntouched: true } : failure;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    transport.close();
  }
}

function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  // Empty for what is no domain, such as an address in brackets.
  return domainToASCII(domain) || 'localhost';
}
