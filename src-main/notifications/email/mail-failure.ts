import { AppError } from '#shared/errors.ts';
import type { DeliveryOutcome } from '../delivery/outcome.ts';

/** What nodemailer hangs on its errors. */
type MailError = Error & {
  code?: unknown;
  command?: unknown;
  response?: unknown;
  responseCode?: unknown;
};

const REASON_LENGTH_MAX = 500;
/** A reply to RCPT TO that says there is no such mailbox, and its enhanced codes (RFC 3463: the address's status). */
const NO_SUCH_MAILBOX: ReadonlySet<number> = new Set([550, 551, 553]);
const ENHANCED_CODE = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/;
const ADDRESS_STATUS = /^5\.1\.|^5\.2\.1$/;

/**
 * What a failed attempt means. About this message: a recipient or a mail that is refused (for good with 5xx, for now with 4xx).
 * About the server or its settings: everything before that, a sender that may not send, a relay that asks for a login, and a
 * connection that breaks. `password` is taken out of what the server said.
 */
export function mailFailureOf(error: unknown, password: string | undefined): DeliveryOutcome {
  const { command, responseCode } = asMailError(error);
  const said = withoutPassword(whatWasSaid(error), password);
  if (typeof responseCode !== 'number' || responseCode === 421 || !isAboutMessage(command, said)) {
    const reason = `The mail server could not be used: ${said}`;
    return { kind: 'later', reason, problem: problemOf(reason, error) };
  }
  const reason = `The mail server refused ${command === 'RCPT TO' ? 'the address' : 'the mail'}: ${said}`;
  if (responseCode < 500) return { kind: 'later', reason };
  return {
    kind: 'failed',
    reason,
    suppresses: command === 'RCPT TO' && isUnknown(responseCode, said),
  };
}

function isAboutMessage(command: unknown, said: string): boolean {
  if (command === 'DATA') return true;
  // A server that relays for nobody, or not without a login, would refuse every address.
  return command === 'RCPT TO' && !/^530|relay/i.test(said);
}

/** Refusals for spam, policy or a full mailbox say nothing about the address. */
function isUnknown(responseCode: number, said: string): boolean {
  const [, enhanced] = ENHANCED_CODE.exec(said) ?? [];
  return enhanced === undefined ? NO_SUCH_MAILBOX.has(responseCode) : ADDRESS_STATUS.test(enhanced);
}

function whatWasSaid(error: unknown): string {
  const { response, message } = asMailError(error);
  const said = typeof response === 'string' && response !== '' ? response : message;
  return said.replaceAll(/\s+/g, ' ').trim().slice(0, REASON_LENGTH_MAX);
}

function asMailError(error: unknown): MailError {
  return error instanceof Error ? error : new Error(String(error));
}

function withoutPassword(text: string, password: string | undefined): string {
  if (password === undefined || password === '') return text;
  const forms = [password, Buffer.from(password).toString('base64')];
  return forms.reduce((rest, form) => rest.replaceAll(form, '***'), text);
}

function problemOf(reason: string, cause: unknown): AppError {
  // Only what is known to be free of secrets goes on: the driver's error holds the whole conversation.
  const { code, command } = asMailError(cause);
  return new AppError(
    'delivery_failed',
    `${reason} Nothing is lost; it is tried again by itself. Check the mail server in the notification settings.`,
    { details: { code: String(code ?? ''), command: String(command ?? '') } },
  );
}
