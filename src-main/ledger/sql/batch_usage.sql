-- Makes meter events of reports that wait, at most `report_limit` reports, and returns how many events. Of a meter that sums,
-- the reports of one customer and minute become one event once the minute is over (`at_once`: also before); of other meters each
-- report is its own. What is in an event never changes, so its identifier means the same at each try. Reports of customers
-- without a Stripe customer wait, and all of them where the workspace belongs to another account or mode. Safe to run side by side. Errors: CR422.
CREATE OR REPLACE FUNCTION credits.batch_usage(
  account_id text, livemode boolean, at_once boolean DEFAULT false, report_limit integer DEFAULT 5000
)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  now timestamptz := clock_timestamp();
  made integer;
BEGIN
  checked := credits.check_text('account_id', account_id, 255, true);
  IF livemode IS NULL THEN
    PERFORM credits.refuse_argument('livemode', 'is required');
  END IF;
  WITH waiting AS MATERIALIZED (
    SELECT r.customer_id, r.id, r.event_name, r.quantity, r.occurred_at, m.formula, c.stripe_customer_id
    FROM credits.usage_reports r
    JOIN credits.customers c ON c.id = r.customer_id AND c.stripe_customer_id IS NOT NULL
    JOIN credits_billing.meters m ON m.event_name = r.event_name
    WHERE r.meter_event_id IS NULL AND r.occurred_at <= now
      AND NOT EXISTS (SELECT FROM credits_billing.stripe_settings s
        WHERE s.account_id IS NOT NULL AND NOT s.simulated AND (s.account_id, s.livemode) IS DISTINCT FROM (account_id, livemode))
      AND (at_once OR m.formula <> 'sum' OR greatest(r.created_at, r.occurred_at) < date_trunc('minute', now))
    ORDER BY r.created_at LIMIT greatest(report_limit, 1)
    FOR UPDATE OF r SKIP LOCKED
  ), placed AS (
    -- A minute in which a period ends has two sides: usage is billed in the period it happened in.
    SELECT w.*, CASE WHEN w.formula = 'sum' THEN date_trunc('minute', w.occurred_at) END AS minute,
      (SELECT count(*) FILTER (WHERE i.current_period_start <= date_trunc('second', w.occurred_at))
          + count(*) FILTER (WHERE i.current_period_end <= date_trunc('second', w.occurred_at))
        FROM credits_billing.subscription_items i
        WHERE i.customer_id = w.customer_id AND i.event_name = w.event_name) AS side
    FROM waiting w
  ), summed AS (
    SELECT p.*, sum(p.quantity) OVER (PARTITION BY p.customer_id, p.event_name, p.minute, p.side) AS together FROM placed p
  ), grouped AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, s.customer_id, s.event_name, s.formula, s.stripe_customer_id, sum(s.quantity)::bigint AS value,
      date_trunc('second', min(s.occurred_at)) AS occurred_at, min(s.occurred_at) AS first_at, array_agg(s.id) AS report_ids
    FROM summed s
    GROUP BY s.customer_id, s.event_name, s.formula, s.stripe_customer_id, s.minute, s.side,
      CASE WHEN s.minute IS NULL OR s.together > 999999999999999 THEN s.id END
  ), made AS (
    INSERT INTO credits_billing.meter_events (id, identifier, account_id, livemode, customer_id, stripe_customer_id, event_name, formula,
      value, reports, occurred_at, state)
    SELECT g.id, 'cc_' || g.id, account_id, livemode, g.customer_id, g.stripe_customer_id, g.event_name, g.formula,
      CASE WHEN g.formula = 'count' THEN 1 ELSE g.value END, cardinality(g.report_ids), g.occurred_at,
      CASE WHEN g.occurred_at < now - interval '35 days' THEN 'too_old' ELSE 'queued' END
    FROM grouped g ORDER BY g.first_at, g.report_ids[1]
    RETURNING 1
  ), taken AS (
    UPDATE credits.usage_reports r SET meter_event_id = t.id
    FROM (SELECT g.id, g.customer_id, unnest(g.report_ids) AS report_id FROM grouped g) t
    WHERE r.customer_id = t.customer_id AND r.id = t.report_id
  )
  SELECT count(*) INTO made FROM made;
  RETURN made;
END $$;
