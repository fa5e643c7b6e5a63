import { StripeRefusal } from './route.ts';

/** Who calls, by Stripe's rules for keys. The simulator keeps no keys: any test key is one of its account's. */
export type ApiKeys = {
  /** The key of a request, from its Authorization header. Refuses none, malformed, live and revoked ones (401). */
  identify: (authorization: string | undefined) => string;
  /** From now on the key may do only this; a permission to write includes the one to read. */
  permit: (key: string, permissions: readonly string[]) => void;
  /** Refuses (403, naming the permission) where the key was given permissions and this one is not among them. */
  require: (key: string, permission: string) => void;
};

const testKey = /^(sk|rk)_test_\w{1,250}$/;
const liveKey = /^(sk|rk)_live_/;

export function createApiKeys(accountId: string): ApiKeys {
  const permitted = new Map<string, ReadonlySet<string>>();

  return {
    identify(authorization) {
      const key = keyIn(authorization);
      if (key === undefined || key === '') {
        throw new StripeRefusal(
          401,
          "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        );
      }
      if (liveKey.test(key)) {
        throw new StripeRefusal(
          401,
          'This is the simulator of Credit Console, not Stripe. It refuses live keys; nothing was done. Use a test key.',
        );
      }
      if (!testKey.test(key)) {
        throw new StripeRefusal(401, `Invalid API Key provided: ${masked(key)}`);
      }
      if (key.startsWith('sk_test_revoked') || key.startsWith('rk_test_revoked')) {
        throw new StripeRefusal(401, `Expired API Key provided: ${masked(key)}`, {
          code: 'api_key_expired',
        });
      }
      return key;
    },
    permit: (key, permissions) => void permitted.set(key, new Set(permissions)),
    require(key, permission) {
      const granted = permitted.get(key);
      if (granted === undefined || granted.has(permission)) return;
      if (granted.has(permission.replace(/_read$/, '_write'))) return;
      throw new StripeRefusal(
        403,
        `The provided key '${masked(key)}' does not have the required permissions for this endpoint on account '${accountId}'. Having the '${permission}' permission would allow this request to continue.`,
      );
    },
  };
}

function keyIn(authorization: string | undefined): string | undefined {
  const [scheme, value] = (authorization ?? '').split(' ');
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() === 'basic') {
    return Buffer.from(value ?? '', 'base64')
      .toString('utf8')
      .split(':')[0];
  }
  return undefined;
}

/** A key as Stripe shows it in messages. */
function masked(key: string): string {
  return `${key.slice(0, 8)}${'*'.repeat(Math.max(4, key.length - 12))}${key.slice(-4)}`;
}
