import type { StripeSettings } from '#main/settings/settings-file.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import { countInbox, readLastPoll } from './inbox-figures.ts';
import { isSameAccount, readBinding } from './workspace-account.ts';
import { problemOf, type WorkspaceSession } from './workspace-session.ts';

const NOT_RECEIVED =
  'Webhooks are not received: the database role does not handle events, or the account cannot be used.';

/** What is connected and how it is doing, from the session and the database alone. Holds no secret. */
export async function describeStatus(parts: {
  session: WorkspaceSession;
  settings: StripeSettings;
  webhook: StripeStatus['webhook'];
  simulatorUrl: string | undefined;
}): Promise<StripeStatus> {
  const { session, webhook } = parts;
  const { database, account, mode } = session;
  const binding = await readBinding(database);
  const bound = binding.account;
  const problem = mode === 'none' ? undefined : problemOf(session, binding);
  return {
    mode,
    accountId: account?.id ?? null,
    accountName: account?.name ?? null,
    key: session.key,
    liveEnabled: parts.settings.liveEnabled,
    problem: problem ? { code: problem.code, message: problem.message } : null,
    boundAccountId: bound && !(account && isSameAccount(account, bound)) ? bound.id : null,
    boundAt: binding.boundAt?.toISOString() ?? null,
    refundPolicy: binding.refundPolicy,
    disputePolicy: binding.disputePolicy,
    polling: await describePolling(session),
    webhook:
      webhook.secret !== 'missing' && !session.events && webhook.error === null
        ? { ...webhook, error: NOT_RECEIVED }
        : webhook,
    simulatorUrl: (mode === 'simulator' ? parts.simulatorUrl : undefined) ?? null,
    inbox: await countInbox(database),
  };
}

async function describePolling({
  events,
  account,
  database,
}: WorkspaceSession): Promise<StripeStatus['polling']> {
  if (events) {
    const { polling, lastAt, error } = events.state();
    return { state: polling, lastAt: lastAt?.toISOString() ?? null, error };
  }
  // Other consoles and services may read them: what they found is known to the database.
  const last = account ? await readLastPoll(database, account.id) : { at: null, error: null };
  return { state: 'off', lastAt: last.at?.toISOString() ?? null, error: last.error };
}
