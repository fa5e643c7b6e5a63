import type { Log } from '#main/logging/log.ts';
import { AppError } from '#shared/errors.ts';
import { recogniseKey } from '../gateway/stripe-key.ts';
import { accountIdOfKey } from './stripe-secrets.ts';
import type { AccountIdentity } from './workspace-account.ts';
import type { StripeWorkspaceOptions } from './workspace-options.ts';

/** A key by its form: not yet known to be good. */
export type ReadKey = { text: string; kind: 'secret' | 'restricted'; mode: 'test' | 'live' };

const UNREADABLE_ACCOUNT =
  'account not readable: the key lacks the permission rak_connected_account_read';

/** Reads a pasted key. Throws `stripe_key_invalid` (field key), and `stripe_live_disabled` for a live one unless allowed. */
export function readKey(pasted: string, { liveEnabled }: { liveEnabled: boolean }): ReadKey {
  const text = pasted.trim();
  const recognised = recogniseKey(text);
  if (!recognised.ok) {
    throw new AppError('stripe_key_invalid', `${recognised.why} Nothing was changed.`, {
      fields: { key: recognised.why },
    });
  }
  if (recognised.mode === 'live' && !liveEnabled) throw liveDisabled();
  return { text, kind: recognised.kind, mode: recognised.mode };
}

export function liveDisabled(): AppError {
  return new AppError(
    'stripe_live_disabled',
    'This is a live key: with it the console takes and gives back real money. It was not used. Enable live mode for this connection first, or use a test key.',
  );
}

/**
 * Asks Stripe whose key it is. A restricted key that may not read its account is known by itself: its account's id is then
 * `key:` and a fingerprint. Throws `stripe_key_invalid`, `stripe_unavailable`, `stripe_other_mode` …
 */
export async function verifyKey(
  key: ReadKey,
  createGateway: StripeWorkspaceOptions['createGateway'],
  log: Log,
): Promise<AccountIdentity> {
  const gateway = await createGateway({ key: key.text, log });
  const account = await gateway.readAccount().catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== 'stripe_unavailable') throw error;
    throw new AppError(
      'stripe_unavailable',
      'Stripe did not answer, so the key could not be verified. Nothing was changed. Check the network, then try again.',
      { cause: error },
    );
  });
  const livemode = key.mode === 'live';
  const { answeredAt } = account;
  if (account.livemode !== livemode) {
    throw new AppError(
      'stripe_other_mode',
      'Stripe says that the key belongs to the other mode than it is named for. Nothing was changed.',
    );
  }
  if (account.id !== null)
    return { id: account.id, name: account.name, livemode, simulated: false, answeredAt };
  return {
    id: accountIdOfKey(key.text),
    name: UNREADABLE_ACCOUNT,
    livemode,
    simulated: false,
    answeredAt,
  };
}
