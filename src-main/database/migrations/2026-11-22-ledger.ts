import { type Kysely, sql } from 'kysely';

/**
 * The ledger's tables. Runs as credits_owner inside the migration's transaction; locks nothing that exists before.
 * Every ledger table's primary key and unique indexes begin with customer_id, so that the schema can be distributed
 * by it. Catalog tables (feature_costs, stripe_payments) and customers are small and can be replicated.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

// 2^53 − 1: what a JavaScript number holds exactly.
const CREDITS_MAX = '9007199254740991';

const STATEMENTS = [
  // Domains rather than CHECK constraints: a table's constraints are parsed anew by every statement that writes to it,
  // which on the log alone cost a posting more than its insert; a domain's are parsed once a session.
  `CREATE DOMAIN credits.credits AS bigint CHECK (VALUE BETWEEN -${CREDITS_MAX} AND ${CREDITS_MAX})`,
  `CREATE DOMAIN credits.credits_from_zero AS bigint CHECK (VALUE BETWEEN 0 AND ${CREDITS_MAX})`,
  `CREATE DOMAIN credits.transaction_type AS text CHECK (VALUE IN ('purchase', 'subscription_allocation', 'bonus',
    'refund', 'adjustment', 'usage', 'expire', 'clawback', 'reversal'))`,

  `CREATE TABLE credits.customers (
    id text PRIMARY KEY CHECK (id <> '' AND length(id) <= 200),
    email text,
    name text,
    stripe_customer_id text UNIQUE,
    plan_tier text,
    low_balance_threshold bigint CHECK (low_balance_threshold >= 0),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    -- One text to search in, so that one trigram index answers "any part of name, e-mail, id or Stripe id".
    search_text text NOT NULL GENERATED ALWAYS AS (
      lower(coalesce(name, '') || chr(10) || coalesce(email, '') || chr(10) || id || chr(10) || coalesce(stripe_customer_id, ''))
    ) STORED
  )`,
  // Below three letters a trigram index helps nothing: prefix search on each column instead.
  `CREATE INDEX customers_name_prefix ON credits.customers (lower(name) text_pattern_ops)`,
  `CREATE INDEX customers_email_prefix ON credits.customers (lower(email) text_pattern_ops)`,
  `CREATE INDEX customers_id_prefix ON credits.customers (lower(id) text_pattern_ops)`,
  `CREATE INDEX customers_stripe_prefix ON credits.customers (lower(stripe_customer_id) text_pattern_ops)`,
  // The order of the list by name: those without a name by their id.
  `CREATE INDEX customers_by_name ON credits.customers (lower(coalesce(name, id)), id)`,
  `CREATE INDEX customers_by_creation ON credits.customers (created_at, id)`,
  `CREATE INDEX customers_by_plan ON credits.customers (plan_tier, lower(coalesce(name, id)), id)`,
  // pg_trgm may already stand in another schema of a team's database, so its operator class is looked up.
  `DO $$
   DECLARE trigram_schema text;
   BEGIN
     SELECT n.nspname INTO STRICT trigram_schema
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
     EXECUTE format('CREATE INDEX customers_search ON credits.customers USING gin (search_text %I.gin_trgm_ops)', trigram_schema);
   END $$`,

  // The hot row, apart from the profile and indexed by its key alone, so that every change of it is a HOT update.
  `CREATE TABLE credits.accounts (
    customer_id text PRIMARY KEY REFERENCES credits.customers (id),
    credits_balance credits.credits NOT NULL DEFAULT 0,
    credits_held credits.credits_from_zero NOT NULL DEFAULT 0,
    lifetime_credits credits.credits_from_zero NOT NULL DEFAULT 0,
    -- A lower bound of when a grant or hold of this customer falls due: may be early, never late. Debits compare it
    -- with the clock and look at grants and holds only when it has passed.
    next_due_at timestamptz NOT NULL DEFAULT 'infinity',
    last_activity_at timestamptz,
    -- Set by the first hold under an idempotency key: only then must a debit look for its own key among the holds.
    has_keyed_holds boolean NOT NULL DEFAULT false
  ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02)`,

  // No foreign keys on the tables of the hot path: the functions are the only way in, and a key check would cost
  // each posting a look-up and a row lock on the customer. check_integrity covers what they would.
  `CREATE TABLE credits.credit_transactions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id text NOT NULL,
    amount credits.credits NOT NULL,
    balance_after credits.credits NOT NULL,
    transaction_type credits.transaction_type NOT NULL,
    description text NOT NULL DEFAULT '',
    feature text,
    stripe_payment_id text,
    idempotency_key text,
    reverses_id bigint,
    actor text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Of the call's arguments: tells a repeat under the same key from another call.
    fingerprint uuid,
    -- Roll-ups fold by this: an id or a time would miss rows that commit late.
    recorded_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (customer_id, id),
    -- A constraint, not a partial index, so that a posting can name it in ON CONFLICT and have no other index asked.
    CONSTRAINT credit_transactions_idempotency UNIQUE (customer_id, idempotency_key)
  )`,
  `CREATE UNIQUE INDEX credit_transactions_provisioning ON credits.credit_transactions (customer_id, stripe_payment_id)
    WHERE stripe_payment_id IS NOT NULL AND transaction_type IN ('purchase', 'subscription_allocation')`,
  `CREATE INDEX credit_transactions_reversals ON credits.credit_transactions (customer_id, reverses_id)
    WHERE reverses_id IS NOT NULL`,
  // The global log, and the part of it that is not usage: what people look for, and small.
  `CREATE INDEX credit_transactions_log ON credits.credit_transactions (created_at, id)`,
  `CREATE INDEX credit_transactions_log_without_usage ON credits.credit_transactions (created_at, id)
    WHERE transaction_type <> 'usage'`,
  `CREATE INDEX credit_transactions_recorded_in ON credits.credit_transactions (recorded_in)`,

  `CREATE TABLE credits.credit_grants (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id text NOT NULL,
    transaction_id bigint NOT NULL,
    granted credits.credits_from_zero NOT NULL,
    remaining credits.credits_from_zero NOT NULL,
    priority integer NOT NULL DEFAULT 100,
    is_paid boolean NOT NULL DEFAULT false,
    expires_at timestamptz,
    -- The grant that had expired when a reversal gave its credits back as this one.
    restores_grant_id bigint,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- remaining > 0, kept by the functions. The indexes below name it instead of remaining, so that taking part of a
    -- grant stays a HOT update; as a generated column it would cost each update some microseconds.
    is_open boolean NOT NULL DEFAULT true,
    PRIMARY KEY (customer_id, id)
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX credit_grants_burn_order ON credits.credit_grants (customer_id, priority, expires_at, is_paid, id)
    WHERE is_open`,
  `CREATE INDEX credit_grants_due ON credits.credit_grants (expires_at, customer_id) WHERE is_open AND expires_at IS NOT NULL`,
  `CREATE INDEX credit_grants_by_transaction ON credits.credit_grants (customer_id, transaction_id)`,

  // Which grant funded how much of which transaction: positive where credits were taken, negative where a reversal
  // put them back. A grant's remaining is what it granted less the sum of these.
  `CREATE TABLE credits.credit_consumptions (
    customer_id text NOT NULL,
    transaction_id bigint NOT NULL,
    grant_id bigint NOT NULL,
    amount credits.credits NOT NULL,
    -- In which order the grants were taken from: corrections unwind this, never today's order.
    position integer NOT NULL,
    PRIMARY KEY (customer_id, transaction_id, grant_id)
  )`,

  `CREATE TABLE credits.credit_holds (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id text NOT NULL,
    amount credits.credits_from_zero NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'captured', 'released', 'expired')),
    feature text,
    description text NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL,
    transaction_id bigint,
    idempotency_key text,
    fingerprint uuid,
    actor text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    closed_by text,
    PRIMARY KEY (customer_id, id),
    CHECK ((transaction_id IS NOT NULL) = (state = 'captured')),
    CHECK ((closed_at IS NULL) = (state = 'open'))
  )`,
  `CREATE UNIQUE INDEX credit_holds_idempotency ON credits.credit_holds (customer_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL`,
  `CREATE INDEX credit_holds_open ON credits.credit_holds (customer_id, expires_at) WHERE state = 'open'`,
  `CREATE INDEX credit_holds_due ON credits.credit_holds (expires_at, customer_id) WHERE state = 'open'`,

  // Who moved which expiry, and why.
  `CREATE TABLE credits.credit_grant_changes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id text NOT NULL,
    grant_id bigint NOT NULL,
    expires_at_before timestamptz NOT NULL,
    expires_at_after timestamptz NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (customer_id, id)
  )`,
  `CREATE TABLE credits.customer_notes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id text NOT NULL,
    note text NOT NULL CHECK (note <> ''),
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (customer_id, id)
  )`,

  // One Stripe payment provisions once, also across customers: a small table beside the ledger, like customers,
  // because the ledger's own unique indexes begin with customer_id.
  `CREATE TABLE credits.stripe_payments (
    stripe_payment_id text PRIMARY KEY,
    customer_id text NOT NULL,
    transaction_id bigint NOT NULL
  )`,

  `CREATE TABLE credits.feature_costs (
    feature text NOT NULL CHECK (feature <> '' AND length(feature) <= 200),
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    cost bigint NOT NULL CHECK (cost BETWEEN 1 AND ${CREDITS_MAX}),
    unit text NOT NULL DEFAULT 'use',
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (feature, valid_from)
  )`,
  `INSERT INTO credits.feature_costs (feature, cost) VALUES
    ('basic_search', 1), ('advanced_search', 5), ('export_report', 10), ('ai_analysis', 25)`,

  // Facts about this database that the console shows, such as that seed-demo filled it.
  `CREATE TABLE credits.workspace_facts (name text PRIMARY KEY, value jsonb NOT NULL)`,

  // Rows of the log stay as they were written. Privileges refuse a change to everybody but the owner; these refuse
  // it to the owner and to a superuser too, also with session_replication_role = replica (ENABLE ALWAYS).
  `CREATE FUNCTION credits.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     RAISE EXCEPTION USING ERRCODE = 'CR403', MESSAGE = 'not_permitted',
       DETAIL = jsonb_build_object('needs', 'nothing: rows of ' || TG_TABLE_NAME || ' are never changed')::text;
   END $$`,
  ...['credit_transactions', 'credit_grant_changes', 'customer_notes'].flatMap((table) => [
    `CREATE TRIGGER ${table}_are_immutable BEFORE UPDATE OR DELETE ON credits.${table}
      FOR EACH ROW EXECUTE FUNCTION credits.refuse_change()`,
    `CREATE TRIGGER ${table}_are_not_truncated BEFORE TRUNCATE ON credits.${table}
      FOR EACH STATEMENT EXECUTE FUNCTION credits.refuse_change()`,
    `ALTER TABLE credits.${table} ENABLE ALWAYS TRIGGER ${table}_are_immutable`,
    `ALTER TABLE credits.${table} ENABLE ALWAYS TRIGGER ${table}_are_not_truncated`,
  ]),
];
