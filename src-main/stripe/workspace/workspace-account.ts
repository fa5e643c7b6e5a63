import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { ClawbackPolicy } from '#shared/ipc/stripe.ts';

/** A Stripe account, or a simulator's, as far as a workspace can belong to it. Test and live of one account are two. */
export type AccountIdentity = {
  id: string;
  name: string | null;
  livemode: boolean;
  simulated: boolean;
  /** What Stripe's own clock showed when it said so. */
  answeredAt?: Date | undefined;
};

/** Whose events this ledger takes, and what happens to credits when money goes back unasked. */
export type WorkspaceBinding = {
  /** Null: it belongs to nobody yet. */
  account: AccountIdentity | null;
  boundAt: Date | null;
  refundPolicy: ClawbackPolicy;
  disputePolicy: ClawbackPolicy;
};

type SettingsRow = {
  account_id: string | null;
  account_name: string | null;
  livemode: boolean | null;
  simulated: boolean | null;
  bound_at: Date | null;
  refund_policy: ClawbackPolicy;
  dispute_policy: ClawbackPolicy;
};

/** Reads what the workspace is bound to. */
export async function readBinding(database: QueryTarget): Promise<WorkspaceBinding> {
  const [row] = await runQuery(
    database,
    sql<SettingsRow>`
      SELECT account_id, account_name, livemode, simulated, bound_at, refund_policy, dispute_policy
      FROM credits_billing.stripe_settings`,
  );
  if (!row) throw new Error('credits_billing.stripe_settings has no row');
  return {
    account:
      row.account_id === null
        ? null
        : {
            id: row.account_id,
            name: row.account_name,
            livemode: row.livemode === true,
            simulated: row.simulated === true,
          },
    boundAt: row.bound_at,
    refundPolicy: row.refund_policy,
    disputePolicy: row.dispute_policy,
  };
}

/** Whether two are the same account in the same mode. */
export function isSameAccount(
  one: Pick<AccountIdentity, 'id' | 'livemode' | 'simulated'>,
  other: Pick<AccountIdentity, 'id' | 'livemode' | 'simulated'> | null,
): boolean {
  return (
    other !== null &&
    one.id === other.id &&
    one.livemode === other.livemode &&
    one.simulated === other.simulated
  );
}

/**
 * Makes the workspace belong to an account; events and reconciliation begin at that instant, by Stripe's clock where the database's
 * is ahead of it: what was paid in between would never be looked for. Belongs it to the same one
 * already, only the name is brought up to date. Throws `stripe_other_account` where it belongs to another one, unless `rebind`.
 */
export async function bindAccount(
  database: QueryTarget,
  account: AccountIdentity,
  { rebind, actor }: { rebind: boolean; actor: string },
): Promise<void> {
  const { id, name, livemode, simulated, answeredAt } = account;
  const same = sql<boolean>`coalesce(account_id = ${id} AND livemode = ${livemode} AND simulated = ${simulated}, false)`;
  const changed = await runQuery(
    database,
    sql<{ account_id: string }>`
      UPDATE credits_billing.stripe_settings SET
        bound_at = CASE WHEN ${same} THEN bound_at ELSE least(clock_timestamp(), ${answeredAt ?? null}::timestamptz) END,
        bound_by = CASE WHEN ${same} THEN bound_by ELSE ${actor} END,
        account_id = ${id}, account_name = ${name}, livemode = ${livemode}, simulated = ${simulated}
      WHERE account_id IS NULL OR ${same} OR ${rebind}
      RETURNING account_id`,
  );
  if (changed.length > 0) return;
  const { account: bound } = await readBinding(database);
  if (bound) throw otherAccount(account, bound);
}

/** The error of a key or simulator whose account the workspace does not belong to. */
export function otherAccount(own: AccountIdentity, bound: AccountIdentity): AppError {
  return new AppError('stripe_other_account', whyOther(own, bound), {
    details: {
      accountId: own.id,
      accountMode: modeOf(own),
      boundAccountId: bound.id,
      boundMode: modeOf(bound),
    },
  });
}

function whyOther(own: AccountIdentity, bound: AccountIdentity): string {
  if (own.simulated) {
    const wayOut = bound.livemode
      ? 'Connect a key of that account.'
      : 'Connect a key of that account, or let the workspace belong to the simulator from now on.';
    return `This workspace belongs to ${describeAccount(bound)}, so the simulator of this computer is not used with it. Nothing was changed. ${wayOut}`;
  }
  const facts = `The key belongs to ${describeAccount(own)}, and this workspace belongs to ${describeAccount(bound)}. Nothing was changed.`;
  return bound.simulated
    ? `${facts} Let the workspace belong to the key’s account from now on to use it; what was bought in the simulator stays in the ledger.`
    : `${facts} Use a key of that account, or let the workspace belong to the key’s account from now on.`;
}

function describeAccount(account: AccountIdentity): string {
  const named = account.name === null ? account.id : `“${account.name}” (${account.id})`;
  return account.simulated ? `the simulator ${account.id}` : `${named} in ${modeOf(account)} mode`;
}

function modeOf({ livemode, simulated }: AccountIdentity): 'simulator' | 'test' | 'live' {
  if (simulated) return 'simulator';
  return livemode ? 'live' : 'test';
}

export type PolicyChanges = {
  readonly refundPolicy?: ClawbackPolicy | undefined;
  readonly disputePolicy?: ClawbackPolicy | undefined;
};

/**
 * Sets what happens to credits when money goes back without a request of the console; for what is seen from now on. What is not
 * named stays as somebody else may have set it meanwhile.
 */
export async function setPolicies(
  database: QueryTarget,
  { refundPolicy, disputePolicy }: PolicyChanges,
): Promise<void> {
  await runQuery(
    database,
    sql`UPDATE credits_billing.stripe_settings
      SET refund_policy = coalesce(${refundPolicy ?? null}, refund_policy),
        dispute_policy = coalesce(${disputePolicy ?? null}, dispute_policy)`,
  );
}
