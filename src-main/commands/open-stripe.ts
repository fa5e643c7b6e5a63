import { sql } from 'kysely';
import { runQuery } from '#main/database/run-query.ts';
import { accountIdOfKey } from '#main/stripe/workspace/stripe-secrets.ts';
import { AppError } from '#shared/errors.ts';
import type { Log } from '../logging/log.ts';
import type { StripeGateway } from '../stripe/gateway/gateway.ts';
import { recogniseKey } from '../stripe/gateway/stripe-key.ts';
import type { StripeTarget } from '../stripe/stripe-target.ts';
import {
  type AccountIdentity,
  bindAccount,
  readBinding,
} from '../stripe/workspace/workspace-account.ts';
import { UsageError } from './arguments.ts';
import type { OpenLedger } from './command.ts';

/** What the commands that talk to Stripe have in common, for their `options`. */
export const STRIPE_OPTIONS = {
  'stripe-base': {
    value: 'URL',
    help: 'a Stripe-compatible server on this computer, such as http://127.0.0.1:12111 (test keys only)',
  },
  live: { value: null, help: 'yes, use a live key: real money moves' },
} as const;

export const API_KEY_VARIABLE = 'STRIPE_API_KEY';

/** Where Stripe is, and the key for it: read and checked, nothing asked yet. */
export type StripeAddress = {
  key: string;
  base: { host: string; port: number } | undefined;
};

/** Reads key and address from what was typed. Throws UsageError; the key is never repeated. */
export function readStripeAddress(
  options: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): StripeAddress {
  const key = environment[API_KEY_VARIABLE]?.trim() ?? '';
  if (key === '') {
    throw new UsageError(
      `${API_KEY_VARIABLE} is missing: put Stripe’s key (sk_test_…, rk_test_…) into that environment variable.`,
    );
  }
  const given = options['stripe-base'];
  const base = given === undefined ? undefined : readBase(given);
  const recognised = recogniseKey(key, { localServer: base !== undefined });
  if (!recognised.ok) throw new UsageError(`${API_KEY_VARIABLE}: ${recognised.why}`);
  if (recognised.mode === 'live') {
    if (base !== undefined) {
      throw new UsageError(
        `--stripe-base is never used with a live key. Nothing was sent. Put a test key into ${API_KEY_VARIABLE}.`,
      );
    }
    if (options.live === undefined) {
      throw new UsageError(
        `${API_KEY_VARIABLE} holds a live key: with it, real money moves. Add --live if that is meant.`,
      );
    }
  }
  return { key, base };
}

/**
 * The workspace and its Stripe account. A workspace that belongs to none is bound to the key's. Throws UsageError;
 * `not_permitted` where the database role does not handle events; `stripe_other_account`; those of the gateway.
 */
export async function openStripe(
  address: StripeAddress,
  context: { ledger: OpenLedger; actor: string; log: Log; now: () => Date },
): Promise<StripeTarget> {
  const { ledger, log } = context;
  await assertHandlesEvents(ledger);
  // It brings Stripe's package along, which the other commands have no use for.
  const { createStripeGateway } = await import('../stripe/gateway/stripe-gateway.ts');
  const gateway = createStripeGateway({ ...address, log });
  const account = await identify(gateway, address);
  const { account: bound } = await readBinding(ledger);
  // What stands in for Stripe on this computer moves no money; whoever bound it first said what it is.
  const simulated = bound?.id === account.id ? bound.simulated : address.base !== undefined;
  await bindAccount(ledger, { ...account, simulated }, { rebind: false, actor: context.actor });
  return {
    database: ledger,
    gateway,
    accountId: account.id,
    livemode: account.livemode,
    actor: context.actor,
    log,
    now: context.now,
  };
}

async function identify(
  gateway: StripeGateway,
  { key, base }: StripeAddress,
): Promise<Omit<AccountIdentity, 'simulated'>> {
  const { id, name, livemode, answeredAt } = await gateway.readAccount().catch((error: unknown) => {
    // A server that only plays Stripe may not know the question, and say so in its own way.
    if (base === undefined || !hasAnswered(error)) throw error;
    return { id: null, name: null, livemode: gateway.livemode, answeredAt: undefined };
  });
  return {
    // A key that may not read its account is known by itself.
    id: id ?? accountIdOfKey(key),
    name,
    livemode,
    answeredAt,
  };
}

function hasAnswered(error: unknown): boolean {
  return (
    error instanceof AppError &&
    error.code === 'stripe_unavailable' &&
    error.cause instanceof Error &&
    error.cause.name !== 'StripeConnectionError'
  );
}

function readBase(text: string): { host: string; port: number } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const isLoopback = host === '127.0.0.1' || host === '::1' || host === 'localhost';
  if (
    url?.protocol === 'http:' &&
    isLoopback &&
    url.port !== '' &&
    url.pathname === '/' &&
    url.search === '' &&
    url.username === ''
  ) {
    return { host, port: Number(url.port) };
  }
  throw new UsageError(
    '--stripe-base must be http://127.0.0.1:PORT: a Stripe-compatible server on this computer.',
  );
}

async function assertHandlesEvents(ledger: OpenLedger): Promise<void> {
  const [row] = await runQuery(
    ledger,
    sql<{ allowed: boolean; role: string }>`
      SELECT has_function_privilege(p.oid, 'EXECUTE') AS allowed, session_user AS role
      FROM pg_proc p WHERE p.pronamespace = 'credits'::regnamespace AND p.proname = 'provision_payment'`,
  );
  if (row?.allowed) return;
  throw new AppError(
    'not_permitted',
    `The database role “${row?.role ?? ''}” may not handle Stripe’s events. Nothing was changed. Log in as a member of credits_admin.`,
    { details: { needs: 'credits_admin' } },
  );
}
