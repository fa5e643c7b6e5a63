import { AppError } from '#shared/errors.ts';

const LINK_MAX_CHARACTERS = 500;

/** An address that may leave the console, and the exact host to show before it does. */
export type ExternalLink = { readonly address: string; readonly host: string };

/** Reads a link that the browser may open: https, a host and no login in it. Throws `invalid_argument` for others. */
export function parseExternalLink(text: string): ExternalLink {
  const link = readUrl(text);
  if (link?.protocol !== 'https:' || link.hostname === '') throw refused();
  // A login in front of the host is a way to make an address look like another ("https://bank.example@evil.example").
  if (link.username !== '' || link.password !== '') throw refused();
  return { address: link.href, host: link.host };
}

function readUrl(text: string): URL | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this must refuse
  if (text.length > LINK_MAX_CHARACTERS || /[\u0000-\u0020\u007f\\]/.test(text)) return undefined;
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
 * links are data that others typed.
 */
export function createLinkOpener(options: {
  /** Asks; true to open. */
  confirmHost: (host: string) => Promise<boolean>;
  open: (address: string) => Promise<void>;
}): (text: string) => Promise<void> {
  const agreedHosts = new Set<string>();
  return async (text) => {
    const { address, host } = parseExternalLink(text);
    if (!agreedHosts.has(host)) {
      if (!(await options.confirmHost(host))) return;
      agreedHosts.add(host);
    }
    await options.open(address);
  };
}
