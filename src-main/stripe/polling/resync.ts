import type { Page, PageRequest } from '../gateway/gateway.ts';
import { isOfSurroundings } from '../inbox/event-failure.ts';
import type { StripeTarget } from '../stripe-target.ts';
import type { SyncOutcome } from '../sync/apply-sync.ts';
import { syncCheckoutSession } from '../sync/sync-checkout-session.ts';
import { syncInvoice } from '../sync/sync-invoice.ts';
import { syncMoneyBack } from '../sync/sync-money-back.ts';
import { syncSubscription } from '../sync/sync-subscription.ts';

/** Objects change after they were made: a session is paid by a bank two weeks later, a refund fails after a month. */
const OLDER_MS = 35 * 86_400_000;

type Sync = (target: StripeTarget, id: string) => Promise<SyncOutcome>;

/**
 * Makes the ledger agree with everything at Stripe since an instant, without events: sessions, invoices, subscriptions,
 * refunds and disputes, and whatever of older ones was still undecided. Each is compared in a transaction of its own, and
 * running it again changes nothing. `onStep` is awaited between objects. What cannot be trusted is logged and left to
 * reconciliation; where Stripe or the database fail, it throws, to be run again. Answers with the customers that changed.
 */
export async function resyncSince(
  target: StripeTarget,
  since: Date,
  onStep: () => Promise<void>,
): Promise<Set<string>> {
  const changed = new Set<string>();
  const { gateway } = target;
  const createdSince = new Date(since.getTime() - OLDER_MS);

  async function syncAll(sync: Sync, ids: AsyncIterable<string> | Iterable<string>) {
    for await (const id of ids) {
      await onStep();
      try {
        for (const customerId of (await sync(target, id)).customerIds) changed.add(customerId);
      } catch (error) {
        if (isOfSurroundings(error)) throw error;
        target.log.warn(`${id} was left out of the comparison with Stripe.`, error);
      }
    }
  }

  await syncAll(
    syncCheckoutSession,
    distinct(
      known(
        target,
        "SELECT session_id AS id FROM credits_billing.checkouts WHERE account_id = $1 AND session_id IS NOT NULL AND state IN ('open', 'processing')",
      ),
      idsOf(
        (page) => gateway.listCompletedSessions(page),
        createdSince,
        ({ id }) => id,
      ),
    ),
  );
  const subscriptionIds: string[] = [];
  await syncAll(
    syncInvoice,
    idsOf(
      (page) => gateway.listPaidInvoices(page),
      createdSince,
      ({ id, subscriptionId }) => {
        if (subscriptionId !== null) subscriptionIds.push(subscriptionId);
        return id;
      },
    ),
  );
  await syncAll(
    syncSubscription,
    distinct(
      known(
        target,
        "SELECT id FROM credits_billing.subscriptions WHERE account_id = $1 AND status NOT IN ('canceled', 'incomplete_expired')",
      ),
      subscriptionIds,
    ),
  );
  await syncAll(
    syncMoneyBack,
    distinct(
      known(
        target,
        `SELECT DISTINCT payment_intent_id AS id FROM credits_billing.money_back
         WHERE account_id = $1 AND status NOT IN ('succeeded', 'failed', 'canceled', 'won', 'warning_closed')`,
      ),
      idsOf(
        (page) => gateway.listRefunds(page),
        createdSince,
        (of) => paymentOf(target, of),
      ),
      idsOf(
        (page) => gateway.listDisputes(page),
        createdSince,
        (of) => paymentOf(target, of),
      ),
    ),
  );
  return changed;
}

async function paymentOf(
  { gateway }: StripeTarget,
  of: { paymentIntentId: string | null; chargeId: string | null },
): Promise<string | null> {
  if (of.paymentIntentId !== null || of.chargeId === null) return of.paymentIntentId;
  return gateway.paymentOfCharge(of.chargeId);
}

/** Ids that the workspace itself knows of. */
async function* known({ database, accountId }: StripeTarget, text: string): AsyncGenerator<string> {
  const { rows } = await database.pool.query<{ id: string }>(text, [accountId]);
  for (const { id } of rows) yield id;
}

/** What a list of Stripe leads to, page by page. */
async function* idsOf<Item extends { id: string }>(
  list: (page: PageRequest) => Promise<Page<Item>>,
  createdSince: Date,
  idOf: (item: Item) => string | null | Promise<string | null>,
): AsyncGenerator<string> {
  let startingAfter: string | undefined;
  for (;;) {
    const { items, hasMore } = await list({ createdSince, startingAfter });
    for (const item of items) {
      const id = await idOf(item);
      if (id !== null) yield id;
    }
    startingAfter = items.at(-1)?.id;
    if (!hasMore || startingAfter === undefined) return;
  }
}

async function* distinct(
  ...sources: (AsyncIterable<string> | Iterable<string>)[]
): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (const source of sources) {
    for await (const id of source) {
      if (seen.has(id)) continue;
      seen.add(id);
      yield id;
    }
  }
}
