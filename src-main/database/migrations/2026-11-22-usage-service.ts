import { type Kysely, sql } from 'kysely';

/**
 * The usage side: who changed a feature's price, keys of the HTTP service, what is told when credits run low and how that
 * was delivered, monthly credits of plans without Stripe, and what the jobs last did. Adds nullable or defaulted columns to
 * two small tables (a moment's lock each) and tables beside the ledger. Notices begin with what is posted from now on.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const CREDITS_MAX = '9007199254740991';

const STATEMENTS = [
  // Null on the prices that the ledger began with.
  `ALTER TABLE credits.feature_costs ADD COLUMN changed_by text, ADD COLUMN changed_at timestamptz`,

  `ALTER TABLE credits_billing.plans
    -- Customers on the plan get its monthly credits also without a subscription in Stripe (a free tier). Off unless somebody
    -- asks for it: plans in use would otherwise give credits to all their customers the day this arrives.
    ADD COLUMN allocates_without_subscription boolean NOT NULL DEFAULT false,
    ADD COLUMN low_balance_threshold bigint CHECK (low_balance_threshold BETWEEN 0 AND ${CREDITS_MAX})`,
  // Each customer once a month, whatever plan they were on when it was done.
  `CREATE TABLE credits_billing.plan_allocations (
    customer_id text NOT NULL,
    -- The month's first day, in UTC.
    period date NOT NULL,
    plan_tier text NOT NULL,
    transaction_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (customer_id, period)
  )`,

  // Keys of the HTTP service. The key itself is shown once and stored nowhere.
  `CREATE TABLE credits_billing.api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    -- SHA-256 of the whole key, which is 256 random bits: nothing slower is needed.
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    -- The key's first letters, to tell keys apart by.
    prefix text NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'use', 'report', 'customers']),
    requests_per_second integer NOT NULL CHECK (requests_per_second BETWEEN 1 AND 100000),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    last_used_at timestamptz
  )`,

  // What is told when credits run low, and how. One row. Secrets are not here: each console and service has its own.
  `CREATE TABLE credits_billing.notification_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    low_balance_threshold bigint NOT NULL DEFAULT 10 CHECK (low_balance_threshold BETWEEN 0 AND ${CREDITS_MAX}),
    -- Where customers buy more; {customer_id} stands for the customer.
    purchase_url text,
    company_name text,
    desktop_enabled boolean NOT NULL DEFAULT true,
    email_enabled boolean NOT NULL DEFAULT false,
    email_from text,
    email_reply_to text,
    smtp_host text,
    smtp_port integer CHECK (smtp_port BETWEEN 1 AND 65535),
    -- starttls is demanded, not tried.
    smtp_security text NOT NULL DEFAULT 'starttls' CHECK (smtp_security IN ('starttls', 'tls', 'none')),
    smtp_user text,
    -- Between two e-mails of the same kind to the same customer.
    hours_between_emails integer NOT NULL DEFAULT 24 CHECK (hours_between_emails BETWEEN 0 AND 8760),
    webhook_enabled boolean NOT NULL DEFAULT false,
    webhook_url text,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT session_user
  )`,
  `INSERT INTO credits_billing.notification_settings DEFAULT VALUES`,
  // A kind without a row has the console's own words.
  `CREATE TABLE credits_billing.notification_templates (
    kind text PRIMARY KEY CHECK (kind IN ('low', 'empty')),
    subject text NOT NULL CHECK (subject <> '' AND length(subject) <= 200),
    body text NOT NULL CHECK (body <> '' AND length(body) <= 5000),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL
  )`,
  // How far the log was looked through for balances that fell: as the roll-ups do it, by database transactions that have
  // ended. One row.
  `CREATE TABLE credits_billing.notification_watch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    horizon xid8 NOT NULL,
    -- Rows up to here came from another server, with numbers that this one has yet to reach.
    through_id bigint NOT NULL,
    server_identifier bigint NOT NULL,
    looked_at timestamptz NOT NULL
  )`,
  `INSERT INTO credits_billing.notification_watch (horizon, through_id, server_identifier, looked_at)
    SELECT pg_snapshot_xmin(pg_current_snapshot()),
      (SELECT coalesce(max(t.id), 0) FROM credits.credit_transactions t
        WHERE t.recorded_in >= pg_snapshot_xmax(pg_current_snapshot())),
      system_identifier, now() FROM pg_control_system()`,
  // A balance that fell below its threshold, or to nothing.
  `CREATE TABLE credits_billing.notifications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('low', 'empty')),
    balance bigint NOT NULL,
    threshold bigint NOT NULL,
    -- The debit that took it there.
    transaction_id bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (customer_id, transaction_id)
  )`,
  `CREATE INDEX notifications_by_customer ON credits_billing.notifications (customer_id, id)`,
  `CREATE TABLE credits_billing.notification_deliveries (
    notification_id bigint NOT NULL REFERENCES credits_billing.notifications (id),
    channel text NOT NULL CHECK (channel IN ('email', 'webhook')),
    -- suppressed: not to be sent, the reason says why; failed: refused for good, or tried for a day.
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'suppressed', 'failed')),
    recipient text,
    attempts integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Who works on it, until when: another may take it over then.
    claimed_by text,
    claimed_until timestamptz,
    -- Why it is suppressed, or what went wrong last.
    reason text,
    -- Who asked for it once more after it was suppressed or had failed: then it does not wait for the hours between two e-mails.
    asked_by text,
    sent_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (notification_id, channel)
  )`,
  `CREATE INDEX notification_deliveries_to_do ON credits_billing.notification_deliveries (next_attempt_at) WHERE state = 'queued'`,
  `CREATE INDEX notification_deliveries_failed ON credits_billing.notification_deliveries (changed_at) WHERE state = 'failed'`,
  // Customers who get no e-mail: because a person said so, or because their mail server did.
  `CREATE TABLE credits_billing.email_suppressions (
    customer_id text PRIMARY KEY,
    reason text NOT NULL CHECK (reason <> '' AND length(reason) <= 1000),
    by_mail_server boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL
  )`,

  // What each job last did, wherever it ran; who runs it now stands in job_leases.
  `CREATE TABLE credits_billing.jobs (
    name text PRIMARY KEY,
    every_seconds integer NOT NULL CHECK (every_seconds > 0),
    next_run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_started_at timestamptz,
    last_finished_at timestamptz,
    -- How many things the last run did.
    last_done bigint,
    last_worker text,
    -- Null once a run went well.
    error text,
    error_at timestamptz,
    failures integer NOT NULL DEFAULT 0
  )`,
];
