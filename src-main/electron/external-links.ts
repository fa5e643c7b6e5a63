import { AppError } from '#shared/errors.ts';

const LINK_MAX_CHARACTERS = 500;
/** A checkout link carries its session's state behind the #. */
const CHECKOUT_LINK_MAX_CHARACTERS = 5_000;
/** Stripe's own page for payments: such links come from Stripe, not from a person. */
const CHECKOUT_HOST = 'checkout.stripe.com';

/** An address that may leave the console, and the exact host to show before it does. */
export type ExternalLink = { readonly address: string; readonly host: string };

/**
 * Reads a link that the browser may open: https, a host and no login in it; or, over plain http, exactly the address of the
 * simulator that runs. Throws `invalid_argument` for others.
 */
export function parseExternalLink(text: string, simulatorOrigin?: string): ExternalLink {
  const link = readUrl(text);
  if (!link || link.hostname === '') throw refused();
  // A login in front of the host is a way to make an address look like another ("https://bank.example@evil.example").
  if (link.username !== '' || link.password !== '') throw refused();
  if (link.protocol !== 'https:' && !isOfSimulator(link, simulatorOrigin)) throw refused();
  if (text.length > LINK_MAX_CHARACTERS && link.host !== CHECKOUT_HOST) throw refused();
  return { address: link.href, host: link.host };
}

function isOfSimulator(link: URL, simulatorOrigin: string | undefined): boolean {
  return (
    simulatorOrigin !== undefined &&
    /^http:\/\/127\.0\.0\.1:\d+$/.test(simulatorOrigin) &&
    link.origin === simulatorOrigin
  );
}

function readUrl(text: string): URL | undefined {
  if (text.length > CHECKOUT_LINK_MAX_CHARACTERS) return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function refused(): AppError {
  return new AppError(
    'invalid_argument',
    'Only https addresses are opened in the browser. Nothing was opened.',
    { fields: { url: 'must be an https address' } },
  );
}

/**
 * The one door to the system's browser. A host is opened only after the person agreed to exactly this host, once a session:
 * links are data that others typed. Stripe's checkout and the console's own simulator need no question.
 */
export function createLinkOpener(options: {
  /** Asks; true to open. */
  confirmHost: (host: string) => Promise<boolean>;
  open: (address: string) => Promise<void>;
  /** Such as http://127.0.0.1:12111, while the simulator runs. */
  simulatorOrigin?: () => string | undefined;
}): (text: string) => Promise<void> {
  const agreedHosts = new Set<string>();
  return async (text) => {
    const simulatorOrigin = options.simulatorOrigin?.();
    const { address, host } = parseExternalLink(text, simulatorOrigin);
    const link = new URL(address);
    const isOwn = link.host === CHECKOUT_HOST || isOfSimulator(link, simulatorOrigin);
    if (!isOwn && !agreedHosts.has(host)) {
      if (!(await options.confirmHost(host))) return;
      agreedHosts.add(host);
    }
    await options.open(address);
  };
}
