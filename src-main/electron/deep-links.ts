import { customerIdSchema } from '#shared/ids.ts';

export const DEEP_LINK_SCHEME = 'credit-console';

/**
 * Where a link such as `credit-console://customer/cus_123` leads, as a path of the window; undefined for everything else.
 * A link only ever navigates: whoever sent it must not be able to make the console do something.
 */
export function parseDeepLink(link: string): string | undefined {
  if (link.length > 1_000) return undefined;
  const match = /^credit-console:\/\/customer\/([^/?#]+)\/?$/.exec(link);
  if (!match?.[1]) return undefined;
  let id: string;
  try {
    id = decodeURIComponent(match[1]);
  } catch {
    return undefined;
  }
  const parsed = customerIdSchema.safeParse(id);
  return parsed.success ? `/customers/${encodeURIComponent(parsed.data)}` : undefined;
}

/** The first link among a process' arguments that leads somewhere. */
export function deepLinkOf(args: readonly string[]): string | undefined {
  for (const argument of args) {
    if (!argument.startsWith(`${DEEP_LINK_SCHEME}:`)) continue;
    const path = parseDeepLink(argument);
    if (path !== undefined) return path;
  }
  return undefined;
}
