import { type Kysely, sql } from 'kysely';

/**
 * Roll-ups of the log for the usage screen and the log's filters. New tables only: locks nothing that exists before.
 *
 * They are derived data: `credits.fold_usage()` adds what the log gained since `rollup_state.horizon`, and can make them
 * again from the log at any time. A row trigger would turn each roll-up row into a hot row of all postings.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // One row. Transactions recorded in a database transaction before the horizon are in the roll-ups, later ones are not.
  // Database transaction numbers belong to one server: restored elsewhere they mean nothing, so the server is noted too.
  // Rows up to through_id were counted when the roll-ups were made anew, whatever their number says.
  `CREATE TABLE credits.rollup_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    horizon xid8 NOT NULL,
    through_id bigint NOT NULL,
    server_identifier bigint NOT NULL,
    folded_at timestamptz NOT NULL
  )`,
  `INSERT INTO credits.rollup_state (horizon, through_id, server_identifier, folded_at)
    SELECT '0'::xid8, 0, system_identifier, now() FROM pg_control_system()`,

  // Days of UTC.
  `CREATE TABLE credits.rollup_days (
    day date NOT NULL,
    feature text NOT NULL,
    transaction_type text NOT NULL,
    credits_in bigint NOT NULL,
    credits_out bigint NOT NULL,
    transactions bigint NOT NULL,
    PRIMARY KEY (day, feature, transaction_type)
  )`,
  // For days of every other time zone: all of today's offsets are multiples of 15 minutes.
  `CREATE TABLE credits.rollup_quarter_hours (
    quarter_hour timestamptz NOT NULL,
    feature text NOT NULL,
    transaction_type text NOT NULL,
    credits_in bigint NOT NULL,
    credits_out bigint NOT NULL,
    transactions bigint NOT NULL,
    PRIMARY KEY (quarter_hour, feature, transaction_type)
  )`,
  // Usage only, months of UTC. By day it would be as long as the log: most customers are not there every day.
  `CREATE TABLE credits.rollup_customer_months (
    month date NOT NULL,
    customer_id text NOT NULL,
    used bigint NOT NULL,
    transactions bigint NOT NULL,
    PRIMARY KEY (month, customer_id)
  )`,
  `CREATE INDEX rollup_customer_months_most_used ON credits.rollup_customer_months (month, used DESC, customer_id)
    INCLUDE (transactions)`,
  // What the log's filters offer.
  `CREATE TABLE credits.rollup_actors (actor text PRIMARY KEY, transactions bigint NOT NULL)`,
];
