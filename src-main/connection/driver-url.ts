import { parseConnectionUrl } from '#main/database/connection-url.ts';

/**
 * The address in the driver's own words, for what takes nothing but an address. Holds the password: never shown, never
 * logged.
 */
export function driverUrl(
  address: string,
  password: string | undefined,
  options: { allowUnverifiedTls: boolean },
): string {
  const { target, url } = parseConnectionUrl(address, options);
  const full = new URL(url);
  if (password !== undefined) full.password = encodeURIComponent(password);
  // The driver reads `require` as `verify-full`; TLS with whoever answers it calls `no-verify`.
  if (target.tls === 'unverified') full.searchParams.set('sslmode', 'no-verify');
  return full.href;
}

/** Whether two addresses lead to the same server and login: only then may a stored password be used for both. */
export function isSameLogin(left: string, right: string): boolean {
  const login = (address: string) => {
    // TLS is not what this compares, and the weaker modes must not be refused here.
    const { target } = parseConnectionUrl(address, { allowUnverifiedTls: true });
    return [target.host, target.port, target.user].join('\n');
  };
  return login(left) === login(right);
}
