-- Adds what the log gained since the last fold to the roll-ups, and returns how many transactions that were. Safe to
-- run anywhere, any number of times, side by side: while one fold runs, others return 0.
--
-- A fold takes the rows of those database transactions that have all ended (before pg_snapshot_xmin), so a row that
-- commits late is never passed over, as it would be by its id or time; the horizon is stored together with the sums.
-- Transaction numbers belong to one server. On another one (a restored dump, an upgrade), or with a horizon that the
-- server has not reached, the roll-ups are made anew; that once, postings wait until it is done.
CREATE OR REPLACE FUNCTION credits.fold_usage() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp SET work_mem = '128MB' AS $$
DECLARE
  state credits.rollup_state;
  this_server bigint;
  from_number xid8;
  to_number xid8;
  new_horizon xid8;
  through bigint;
  folded bigint;
BEGIN
  SELECT c.system_identifier INTO this_server FROM pg_control_system() c;
  SELECT s.* INTO state FROM credits.rollup_state s FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    PERFORM FROM credits.rollup_state s
    WHERE s.server_identifier = this_server AND s.horizon <= pg_snapshot_xmax(pg_current_snapshot());
    IF FOUND THEN
      RETURN 0;
    END IF;
    -- Until they are made anew the roll-ups say nothing: wait for whoever does it.
    SELECT s.* INTO state FROM credits.rollup_state s FOR UPDATE;
  END IF;

  IF state.server_identifier = this_server AND state.horizon <= pg_snapshot_xmax(pg_current_snapshot()) THEN
    new_horizon := pg_snapshot_xmin(pg_current_snapshot());
    from_number := state.horizon;
    to_number := new_horizon;
    through := state.through_id;
  ELSE
    -- With the lock nobody is writing: every row there is can be seen, and every later one has a higher id and a number
    -- from the new horizon on.
    LOCK TABLE credits.credit_transactions IN SHARE MODE;
    DELETE FROM credits.rollup_days;
    DELETE FROM credits.rollup_quarter_hours;
    DELETE FROM credits.rollup_customer_months;
    DELETE FROM credits.rollup_actors;
    new_horizon := pg_snapshot_xmin(pg_current_snapshot());
    from_number := '0';
    to_number := '18446744073709551615';
    through := 0;
    SELECT coalesce(max(t.id), 0) INTO state.through_id FROM credits.credit_transactions t;
  END IF;

  WITH fresh AS MATERIALIZED (
    SELECT date_bin('15 minutes', t.created_at, '2000-01-01 00:00:00+00') AS quarter_hour,
      coalesce(t.feature, '') AS feature, t.transaction_type,
      coalesce(sum(t.amount) FILTER (WHERE t.amount > 0), 0)::bigint AS credits_in,
      coalesce(-sum(t.amount) FILTER (WHERE t.amount < 0), 0)::bigint AS credits_out,
      count(*) AS transactions
    FROM credits.credit_transactions t
    WHERE t.recorded_in >= from_number AND t.recorded_in < to_number AND t.id > through
    GROUP BY 1, 2, 3
  ), quarter_hours AS (
    INSERT INTO credits.rollup_quarter_hours AS r
      (quarter_hour, feature, transaction_type, credits_in, credits_out, transactions)
    SELECT f.quarter_hour, f.feature, f.transaction_type, f.credits_in, f.credits_out, f.transactions FROM fresh f
    -- Rows that are read together lie together.
    ORDER BY 1, 2, 3
    ON CONFLICT ON CONSTRAINT rollup_quarter_hours_pkey DO UPDATE SET
      credits_in = r.credits_in + excluded.credits_in,
      credits_out = r.credits_out + excluded.credits_out,
      transactions = r.transactions + excluded.transactions
  ), days AS (
    INSERT INTO credits.rollup_days AS r (day, feature, transaction_type, credits_in, credits_out, transactions)
    SELECT (f.quarter_hour AT TIME ZONE 'UTC')::date, f.feature, f.transaction_type,
      sum(f.credits_in)::bigint, sum(f.credits_out)::bigint, sum(f.transactions)::bigint
    FROM fresh f GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT ON CONSTRAINT rollup_days_pkey DO UPDATE SET
      credits_in = r.credits_in + excluded.credits_in,
      credits_out = r.credits_out + excluded.credits_out,
      transactions = r.transactions + excluded.transactions
  )
  SELECT coalesce(sum(f.transactions), 0)::bigint INTO folded FROM fresh f;

  IF folded > 0 THEN
    INSERT INTO credits.rollup_customer_months AS r (month, customer_id, used, transactions)
    SELECT date_trunc('month', t.created_at AT TIME ZONE 'UTC')::date, t.customer_id, -sum(t.amount)::bigint, count(*)
    FROM credits.credit_transactions t
    WHERE t.recorded_in >= from_number AND t.recorded_in < to_number AND t.id > through
      AND t.transaction_type = 'usage'
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT ON CONSTRAINT rollup_customer_months_pkey DO UPDATE SET
      used = r.used + excluded.used, transactions = r.transactions + excluded.transactions;

    INSERT INTO credits.rollup_actors AS r (actor, transactions)
    SELECT t.actor, count(*) FROM credits.credit_transactions t
    WHERE t.recorded_in >= from_number AND t.recorded_in < to_number AND t.id > through
    GROUP BY 1
    ON CONFLICT ON CONSTRAINT rollup_actors_pkey DO UPDATE SET transactions = r.transactions + excluded.transactions;
  END IF;

  UPDATE credits.rollup_state s
  SET horizon = new_horizon, through_id = state.through_id, server_identifier = this_server, folded_at = clock_timestamp();
  RETURN folded;
END $$;
