import { type Kysely, sql } from 'kysely';

/**
 * What the ledger knows of money. Adds columns without defaults to credits.stripe_payments (a moment's lock, no rewrite),
 * an index over the log's clawbacks (postings wait while it reads the log once: seconds for millions of rows), and tables in a schema of their own, credits_billing: they are work tables, which the console and the service write
 * directly as credits_admin, while the ledger's own tables in credits stay closed to everybody but the functions.
 * All of them are small and can be replicated.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const CREDITS_MAX = '9007199254740991';
// The largest amount in minor units that a JavaScript number holds; Stripe's own limit is far below.
const MINOR_MAX = CREDITS_MAX;

const STATEMENTS = [
  // What Stripe says of a payment that provisioned credits. Money is minor units and a currency, never mixed with credits.
  `ALTER TABLE credits.stripe_payments
    ADD COLUMN account_id text,
    ADD COLUMN currency text,
    ADD COLUMN amount_minor bigint CHECK (amount_minor BETWEEN 0 AND ${MINOR_MAX}),
    ADD COLUMN payment_intent_id text,
    ADD COLUMN session_id text,
    ADD COLUMN invoice_id text,
    ADD COLUMN paid_at timestamptz`,
  // Made-up payments of a demo belong to no account that could be compared with them.
  `UPDATE credits.stripe_payments SET account_id = 'demo'
    WHERE EXISTS (SELECT FROM credits.workspace_facts WHERE name = 'demo_data')`,
  `CREATE UNIQUE INDEX stripe_payments_by_intent ON credits.stripe_payments (payment_intent_id) WHERE payment_intent_id IS NOT NULL`,
  `CREATE UNIQUE INDEX stripe_payments_by_session ON credits.stripe_payments (session_id) WHERE session_id IS NOT NULL`,
  `CREATE UNIQUE INDEX stripe_payments_by_invoice ON credits.stripe_payments (invoice_id) WHERE invoice_id IS NOT NULL`,
  `CREATE INDEX stripe_payments_by_customer ON credits.stripe_payments (customer_id)`,
  // What was taken back for a payment: settle_payment and every report of refunds ask for it.
  `CREATE INDEX credit_transactions_clawbacks ON credits.credit_transactions (customer_id, stripe_payment_id)
    WHERE transaction_type = 'clawback'`,

  // Which Stripe account this ledger belongs to, and what happens to credits when money goes back unasked. One row.
  `CREATE TABLE credits_billing.stripe_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    account_id text,
    account_name text,
    livemode boolean,
    simulated boolean,
    -- Events and reconciliation begin here: what the account did before is compared on request only.
    bound_at timestamptz,
    bound_by text,
    refund_policy text NOT NULL DEFAULT 'remaining' CHECK (refund_policy IN ('remaining', 'debt')),
    dispute_policy text NOT NULL DEFAULT 'remaining' CHECK (dispute_policy IN ('remaining', 'debt'))
  )`,
  `INSERT INTO credits_billing.stripe_settings DEFAULT VALUES`,

  // The catalog: what is sold.
  `CREATE TABLE credits_billing.credit_packages (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9_]{0,59}$'),
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    credits bigint NOT NULL CHECK (credits BETWEEN 1 AND ${CREDITS_MAX}),
    currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    amount_minor bigint NOT NULL CHECK (amount_minor BETWEEN 0 AND 99999999),
    active boolean NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user
  )`,
  `INSERT INTO credits_billing.credit_packages (id, name, credits, currency, amount_minor) VALUES
    ('credits_100', '100 credits', 100, 'usd', 999),
    ('credits_500', '500 credits', 500, 'usd', 3999),
    ('credits_2000', '2,000 credits', 2000, 'usd', 9999)`,
  `CREATE TABLE credits_billing.plans (
    tier text PRIMARY KEY CHECK (tier <> '' AND length(tier) <= 100),
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    monthly_credits bigint NOT NULL CHECK (monthly_credits BETWEEN 0 AND ${CREDITS_MAX}),
    rollover text NOT NULL DEFAULT 'expire' CHECK (rollover IN ('expire', 'keep', 'cap')),
    -- Credits of earlier periods that stay, where the rule is cap.
    rollover_cap bigint CHECK (rollover_cap BETWEEN 0 AND ${CREDITS_MAX}),
    -- Null: not sold through Stripe.
    currency text CHECK (currency ~ '^[a-z]{3}$'),
    amount_minor bigint CHECK (amount_minor BETWEEN 0 AND 99999999),
    active boolean NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user,
    CHECK ((rollover = 'cap') = (rollover_cap IS NOT NULL)),
    CHECK ((currency IS NULL) = (amount_minor IS NULL))
  )`,
  `INSERT INTO credits_billing.plans (tier, name, monthly_credits) VALUES
    ('free', 'Free', 10), ('basic', 'Basic', 100), ('pro', 'Pro', 500), ('enterprise', 'Enterprise', 5000)`,
  // Where each item of the catalog stands in each Stripe account: a price's amount is immutable, so a change of amount
  // or credits makes a new row and archives the old one, under which earlier checkouts may still be paid.
  `CREATE TABLE credits_billing.catalog_prices (
    account_id text NOT NULL,
    price_id text NOT NULL,
    item_kind text NOT NULL CHECK (item_kind IN ('package', 'plan')),
    item_id text NOT NULL,
    product_id text NOT NULL,
    credits bigint NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    -- What the product was called, and whether it was for sale, when Stripe last heard from a console.
    product_name text,
    product_active boolean,
    is_current boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, price_id)
  )`,
  `CREATE UNIQUE INDEX catalog_prices_current ON credits_billing.catalog_prices (account_id, item_kind, item_id) WHERE is_current`,

  // Purchases under way: what was ordered, kept before Stripe is asked, so that nothing depends on one answer.
  `CREATE TABLE credits_billing.checkouts (
    id uuid PRIMARY KEY,
    account_id text NOT NULL,
    customer_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('credit_purchase', 'credit_topup', 'subscription')),
    item_id text NOT NULL,
    price_id text NOT NULL,
    credits bigint NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    -- creating: Stripe was not asked or did not answer yet; processing: completed, the bank has still to pay.
    state text NOT NULL DEFAULT 'creating' CHECK (state IN ('creating', 'open', 'processing', 'paid', 'failed', 'expired', 'refused')),
    session_id text UNIQUE,
    url text,
    expires_at timestamptz,
    -- The payment that provisioned, once paid.
    stripe_payment_id text,
    error text,
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX checkouts_by_customer ON credits_billing.checkouts (customer_id, created_at DESC)`,
  `CREATE INDEX checkouts_under_way ON credits_billing.checkouts (created_at) WHERE state IN ('creating', 'open', 'processing')`,

  `CREATE TABLE credits_billing.subscriptions (
    id text PRIMARY KEY,
    account_id text NOT NULL,
    customer_id text NOT NULL,
    status text NOT NULL,
    plan_tier text,
    price_id text,
    current_period_start timestamptz,
    current_period_end timestamptz,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX subscriptions_by_customer ON credits_billing.subscriptions (customer_id)`,

  // A refund asked for in the console: written, with its hold, before Stripe is called.
  `CREATE TABLE credits_billing.refund_requests (
    id uuid PRIMARY KEY,
    customer_id text NOT NULL,
    stripe_payment_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    policy text NOT NULL CHECK (policy IN ('remaining', 'debt')),
    -- Credits that the money stands for, and the hold on what was left of them.
    credits bigint NOT NULL,
    hold_id bigint,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'refunded', 'refused')),
    money_back_id text,
    error text,
    attempts integer NOT NULL DEFAULT 0,
    reason text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX refund_requests_by_payment ON credits_billing.refund_requests (stripe_payment_id)`,
  `CREATE INDEX refund_requests_under_way ON credits_billing.refund_requests (created_at) WHERE state = 'requested'`,

  // Money that went or may go back: Stripe's refunds and disputes as last seen. Also of payments that the ledger does not
  // know yet, because a refund's event may come before the purchase's.
  `CREATE TABLE credits_billing.money_back (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('refund', 'dispute')),
    account_id text NOT NULL,
    payment_intent_id text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    currency text NOT NULL,
    status text NOT NULL,
    reason text,
    -- What happens to credits; fixed when first seen.
    policy text NOT NULL CHECK (policy IN ('remaining', 'debt')),
    hold_id bigint,
    -- Order of first sight: partial refunds are rounded along it.
    position bigint GENERATED ALWAYS AS IDENTITY,
    -- Who wrote down what stands here now: a person's console may, besides the work on events.
    recorded_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX money_back_by_intent ON credits_billing.money_back (payment_intent_id, position)`,
  `CREATE INDEX money_back_newest ON credits_billing.money_back (created_at, id)`,

  // The inbox: each event of Stripe once.
  `CREATE TABLE credits_billing.stripe_events (
    id text PRIMARY KEY,
    account_id text NOT NULL,
    livemode boolean NOT NULL,
    type text NOT NULL,
    object_id text,
    payload jsonb NOT NULL,
    -- When it happened, by Stripe's clock (whole seconds).
    created_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    received_by text NOT NULL CHECK (received_by IN ('poll', 'webhook')),
    -- received: to do; failed: to be tried again; refused: needs a person; ignored: nothing for the ledger in it.
    state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'handled', 'ignored', 'failed', 'refused')),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Who works on it, until when: another may take it over then.
    claimed_by text,
    claimed_until timestamptz,
    error_code text,
    error text,
    -- What came of it, in a sentence.
    outcome text,
    handled_at timestamptz
  )`,
  `CREATE INDEX stripe_events_to_do ON credits_billing.stripe_events (next_attempt_at) WHERE state IN ('received', 'failed')`,
  `CREATE INDEX stripe_events_refused ON credits_billing.stripe_events (received_at) WHERE state = 'refused'`,
  `CREATE INDEX stripe_events_newest ON credits_billing.stripe_events (received_at, id)`,
  `CREATE INDEX stripe_events_by_object ON credits_billing.stripe_events (object_id)`,
  `CREATE TABLE credits_billing.stripe_event_effects (
    event_id text NOT NULL REFERENCES credits_billing.stripe_events (id),
    customer_id text NOT NULL,
    transaction_id bigint NOT NULL,
    PRIMARY KEY (event_id, customer_id, transaction_id)
  )`,
  // Counts up with each state of an object that was made to count. Whoever fetched it before then fetches it again: an
  // answer that was overtaken changes nothing.
  `CREATE TABLE credits_billing.stripe_object_versions (
    object_id text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0
  )`,
  `CREATE TABLE credits_billing.stripe_polls (
    account_id text PRIMARY KEY,
    -- Events up to here were read, less the overlap.
    read_until timestamptz NOT NULL,
    polled_at timestamptz,
    -- Set where events were missed for longer than Stripe keeps them: objects are listed from this instant on.
    resync_from timestamptz,
    error text,
    error_at timestamptz
  )`,
  // One holder at a time of work that many consoles and services on one database could do.
  `CREATE TABLE credits_billing.job_leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL
  )`,

  `CREATE TABLE credits_billing.reconciliation_runs (
    id uuid PRIMARY KEY,
    account_id text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'done', 'failed')),
    -- Where to go on: the phase, and Stripe's or the ledger's place in it.
    phase text NOT NULL DEFAULT 'sessions' CHECK (phase IN ('sessions', 'invoices', 'refunds', 'disputes', 'ledger', 'done')),
    place text,
    checked jsonb NOT NULL DEFAULT '{}',
    error text,
    actor text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
  )`,
  `CREATE TABLE credits_billing.reconciliation_findings (
    run_id uuid NOT NULL REFERENCES credits_billing.reconciliation_runs (id),
    -- Bucket and payment: the same difference has the same id in every run, and its repair the same key.
    id text NOT NULL,
    bucket text NOT NULL CHECK (bucket IN ('missing_grant', 'double_grant', 'orphan_grant', 'unclawed_refund', 'amount_differs')),
    customer_id text,
    stripe_payment_id text,
    -- The session, invoice, refund or dispute in Stripe; null where only the ledger has something.
    stripe_object_id text,
    transaction_id bigint,
    expected_credits bigint,
    found_credits bigint,
    amount_minor bigint,
    currency text,
    detail text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'repaired')),
    repaired_by_transaction_id bigint,
    repaired_at timestamptz,
    PRIMARY KEY (run_id, id)
  )`,
  // Payments that Stripe's side accounted for in a run; what the ledger has besides is looked up one by one.
  `CREATE TABLE credits_billing.reconciliation_seen (
    run_id uuid NOT NULL REFERENCES credits_billing.reconciliation_runs (id),
    stripe_payment_id text NOT NULL,
    PRIMARY KEY (run_id, stripe_payment_id)
  )`,
];
