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
const ENHANCED_CODE = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/;
/** Enhanced codes (RFC 3463) of a recipient that there is not, or that takes no mail any more. */
const NO_SUCH_ADDRESS = /^5\.1\.(?:1|2|3|6|10)$|^5\.2\.1$/;
/** The same of servers that give no enhanced code: many answer 550 also to whom they only distrust. */
const NO_SUCH_MAILBOX: ReadonlySet<number> = new Set([550, 551, 553]);
const WORDS_OF_NO_MAILBOX =
  /\b(?:no such|unknown|unrouteable|invalid|unavailable|disabled|not found|(?:not|n[’']t) exist)\b/i;
const WORDS_OF_RECIPIENT = /\b(?:user|mailbox|recipient|address|account)\b/i;
const NAMES = /<[^<>]*>|\S*@\S*|[\w-]+(?:\.[\w-]+)+/g;
/** About whom the mail is from: a relay for others, or a sender that may not send, which many say only once a recipient is named. */
const SENDER_STATUS = /^5\.1\.[78]$/;
const WORDS_OF_SENDER =
  /^530|relay|\bsender\b.{0,30}\b(?:rejected|refused|denied|verif\w*|not (?:owned|allowed))/i;

/**
 * What a failed attempt means. About this message: a recipient or a mail that is refused (for good with 5xx, for now with 4xx).
 * About the server or its settings: everything before that, a sender that may not send, a relay that asks for a login, and a
 * connection that breaks. The login's password is taken out of what the server said.
 */
export function mailFailureOf(
  error: unknown,
  login: { user: string; password: string } | undefined,
): DeliveryOutcome {
  const { command, responseCode } = asMailError(error);
  const said = whatWasSaid(error, login);
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
  if (command !== 'RCPT TO') return false;
  const status = statusOf(said);
  if (NO_SUCH_ADDRESS.test(status)) return true;
  // A server that takes no mail from here would refuse every address.
  return !SENDER_STATUS.test(status) && !WORDS_OF_SENDER.test(wordsOf(said));
}

/** Refusals for spam, policy or a full mailbox say nothing about the address. */
function isUnknown(responseCode: number, said: string): boolean {
  const status = statusOf(said);
  if (status !== '') return NO_SUCH_ADDRESS.test(status);
  const words = wordsOf(said);
  return (
    NO_SUCH_MAILBOX.has(responseCode) &&
    WORDS_OF_RECIPIENT.test(words) &&
    WORDS_OF_NO_MAILBOX.test(words)
  );
}

/** A reply without the addresses and hosts that it names: customers choose theirs, such as relay@shop.example. */
function wordsOf(said: string): string {
  return said.replaceAll(NAMES, ' ');
}

/** The enhanced code of a reply; empty where it has none. */
function statusOf(said: string): string {
  return ENHANCED_CODE.exec(said)?.[1] ?? '';
}

function whatWasSaid(error: unknown, login: Parameters<typeof mailFailureOf>[1]): string {
  const { response, message } = asMailError(error);
  const said = typeof response === 'string' && response !== '' ? response : message;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this takes out
  const blanks = /[\s\u0000-\u001f\u007f]+/g;
  // Cut last: half a password is none that could be found.
  return withoutPassword(said, login).replaceAll(blanks, ' ').trim().slice(0, REASON_LENGTH_MAX);
}

function asMailError(error: unknown): MailError {
  return error instanceof Error ? error : new Error(String(error));
}

/** As it stands, and as it goes over the wire in AUTH LOGIN and AUTH PLAIN: some servers repeat what they were told. */
function withoutPassword(text: string, login: Parameters<typeof mailFailureOf>[1]): string {
  if (login === undefined || login.password === '') return text;
  const { user, password } = login;
  // The longer one first: it may hold the other.
  const wires = [`\0${user}\0${password}`, password].map((wire) =>
    Buffer.from(wire).toString('base64'),
  );
  return [...wires, password].reduce((rest, form) => rest.replaceAll(form, '***'), text);
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
