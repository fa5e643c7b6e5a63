import { type Kysely, sql } from 'kysely';

/**
 * Usage that Stripe bills: meters, metered prices, what customers are subscribed to, and the reports of usage with the
 * meter events that carry them to Stripe. Adds tables and nullable columns, and gives two small tables wider checks (a
 * moment's lock each, no rewrite). The reports stand in the ledger's own schema, closed to everybody but its functions;
 * the rest are work tables.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

// Stripe refuses a value of more digits.
const VALUE_MAX = '999999999999999';

const STATEMENTS = [
  `CREATE TABLE credits_billing.meters (
    -- Fixed for good, in Stripe too, as is the formula.
    event_name text PRIMARY KEY CHECK (event_name ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$'),
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    -- How Stripe makes one number of a period's events: their sum, how many they are, or the newest value.
    formula text NOT NULL CHECK (formula IN ('sum', 'count', 'last')),
    active boolean NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user
  )`,
  `CREATE TABLE credits_billing.stripe_meters (
    -- Test and live mode of one account may share its id, and nothing else.
    account_id text NOT NULL,
    livemode boolean NOT NULL,
    event_name text NOT NULL REFERENCES credits_billing.meters (event_name),
    meter_id text NOT NULL,
    -- As Stripe last had it.
    active boolean NOT NULL,
    PRIMARY KEY (account_id, livemode, event_name)
  )`,
  `CREATE TABLE credits_billing.metered_prices (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9_]{0,59}$'),
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    event_name text NOT NULL REFERENCES credits_billing.meters (event_name),
    currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    billing_interval text NOT NULL CHECK (billing_interval IN ('month', 'year')),
    -- Graduated, in rising order: [{"upTo": 1000, "unitAmount": "10", "flatAmount": null}, …, {"upTo": null, …}]. Amounts are
    -- minor units as exact decimals. One tier without an end is a price per unit. Fixed for good, as a price in Stripe is.
    tiers jsonb NOT NULL CHECK (jsonb_typeof(tiers) = 'array' AND jsonb_array_length(tiers) BETWEEN 1 AND 100),
    active boolean NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user
  )`,
  `CREATE TABLE credits_billing.stripe_metered_prices (
    account_id text NOT NULL,
    livemode boolean NOT NULL,
    metered_price_id text NOT NULL REFERENCES credits_billing.metered_prices (id),
    price_id text NOT NULL,
    product_id text NOT NULL,
    active boolean NOT NULL,
    PRIMARY KEY (account_id, livemode, metered_price_id),
    UNIQUE (account_id, price_id)
  )`,
  // Uses of a feature that a meter counts: instead of the deduction, or besides it.
  `CREATE TABLE credits_billing.feature_meters (
    feature text NOT NULL CHECK (feature <> '' AND length(feature) <= 200),
    -- Empty: customers on every plan, and on none. The row of the plan itself goes before that one.
    plan_tier text NOT NULL DEFAULT '' CHECK (length(plan_tier) <= 100),
    event_name text NOT NULL REFERENCES credits_billing.meters (event_name),
    mode text NOT NULL CHECK (mode IN ('report', 'both')),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user,
    PRIMARY KEY (feature, plan_tier)
  )`,

  // What a subscription is for, and until when each part runs: in Stripe periods belong to items.
  `ALTER TABLE credits_billing.subscriptions ADD COLUMN cancel_at timestamptz`,
  `CREATE TABLE credits_billing.subscription_items (
    id text PRIMARY KEY,
    subscription_id text NOT NULL REFERENCES credits_billing.subscriptions (id),
    account_id text NOT NULL,
    customer_id text NOT NULL,
    price_id text NOT NULL,
    -- Each null where the price is none of the catalog's.
    plan_tier text,
    metered_price_id text,
    event_name text,
    current_period_start timestamptz NOT NULL,
    current_period_end timestamptz NOT NULL,
    -- Taken off the subscription; kept because its usage was billed.
    removed_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX subscription_items_by_subscription ON credits_billing.subscription_items (subscription_id)`,
  `CREATE INDEX subscription_items_by_customer ON credits_billing.subscription_items (customer_id, event_name)`,
  // Every period of a metered item that was seen: what a reconciliation compares one by one.
  `CREATE TABLE credits_billing.subscription_item_periods (
    item_id text NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    account_id text NOT NULL,
    customer_id text NOT NULL,
    event_name text NOT NULL,
    PRIMARY KEY (item_id, period_start)
  )`,
  `CREATE INDEX subscription_item_periods_by_end ON credits_billing.subscription_item_periods (account_id, period_end)`,

  // A purchase by link may be of a plan together with a metered price.
  `ALTER TABLE credits_billing.checkouts ADD COLUMN metered_price_id text`,

  // What was used, each report once. A row never changes but for the meter event that took it up.
  `CREATE TABLE credits.usage_reports (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id text NOT NULL,
    event_name text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 0 AND ${VALUE_MAX}),
    occurred_at timestamptz NOT NULL,
    idempotency_key text NOT NULL,
    fingerprint uuid NOT NULL,
    -- The use of a feature that this report stands for.
    transaction_id bigint,
    actor text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    meter_event_id uuid,
    PRIMARY KEY (customer_id, id),
    CONSTRAINT usage_reports_idempotency UNIQUE (customer_id, idempotency_key)
  ) WITH (fillfactor = 85)`,
  `CREATE INDEX usage_reports_by_time ON credits.usage_reports (customer_id, event_name, occurred_at)`,
  `CREATE INDEX usage_reports_waiting ON credits.usage_reports (created_at) WHERE meter_event_id IS NULL`,

  // What is sent to Stripe: of a meter that sums, the reports of one customer and minute together; else each report alone.
  `CREATE TABLE credits_billing.meter_events (
    id uuid PRIMARY KEY,
    -- The order in which they are sent, within one customer and meter.
    position bigint GENERATED ALWAYS AS IDENTITY,
    -- What Stripe knows it by: the same at each try, another one only after Stripe rejected it.
    identifier text NOT NULL UNIQUE,
    account_id text NOT NULL,
    livemode boolean NOT NULL,
    customer_id text NOT NULL,
    stripe_customer_id text NOT NULL,
    event_name text NOT NULL,
    formula text NOT NULL,
    value bigint NOT NULL CHECK (value BETWEEN 0 AND ${VALUE_MAX}),
    reports integer NOT NULL,
    -- Whole seconds, as Stripe's are.
    occurred_at timestamptz NOT NULL,
    -- unclear: may have reached Stripe more than a day ago, and its summary does not tell; a person decides.
    state text NOT NULL DEFAULT 'queued'
      CHECK (state IN ('queued', 'sent', 'duplicate', 'rejected', 'too_old', 'unclear', 'cancelling', 'cancelled')),
    attempts integer NOT NULL DEFAULT 0,
    -- From then on Stripe may have it, under the identifier of now.
    first_attempt_at timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by text,
    claimed_until timestamptz,
    -- When Stripe took it: it can be cancelled for a day from then on.
    sent_at timestamptz,
    error_code text,
    error text,
    cancel_reason text,
    cancelled_by text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`,
  `CREATE INDEX meter_events_to_do ON credits_billing.meter_events (next_attempt_at) WHERE state IN ('queued', 'cancelling')`,
  `CREATE INDEX meter_events_for_a_person ON credits_billing.meter_events (changed_at) WHERE state IN ('rejected', 'too_old', 'unclear')`,
  `CREATE INDEX meter_events_by_time ON credits_billing.meter_events (customer_id, event_name, occurred_at)`,
  `CREATE INDEX meter_events_newest ON credits_billing.meter_events (position)`,
  // How far Stripe's reports of rejected events were read.
  `CREATE TABLE credits_billing.meter_error_polls (
    account_id text NOT NULL,
    livemode boolean NOT NULL,
    read_until timestamptz NOT NULL,
    error text,
    error_at timestamptz,
    PRIMARY KEY (account_id, livemode)
  )`,

  // A reconciliation compares units too.
  `ALTER TABLE credits_billing.reconciliation_runs DROP CONSTRAINT reconciliation_runs_phase_check`,
  `ALTER TABLE credits_billing.reconciliation_runs ADD CONSTRAINT reconciliation_runs_phase_check
    CHECK (phase IN ('sessions', 'invoices', 'refunds', 'disputes', 'ledger', 'usage', 'done'))`,
  `ALTER TABLE credits_billing.reconciliation_findings DROP CONSTRAINT reconciliation_findings_bucket_check`,
  `ALTER TABLE credits_billing.reconciliation_findings ADD CONSTRAINT reconciliation_findings_bucket_check
    CHECK (bucket IN ('missing_grant', 'double_grant', 'orphan_grant', 'unclawed_refund', 'amount_differs', 'usage_differs'))`,
  `ALTER TABLE credits_billing.reconciliation_findings
    ADD COLUMN event_name text,
    ADD COLUMN expected_units bigint,
    ADD COLUMN found_units bigint,
    ADD COLUMN period_start timestamptz,
    ADD COLUMN period_end timestamptz`,
];
