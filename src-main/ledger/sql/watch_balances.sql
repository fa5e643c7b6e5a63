-- Raises a notification for each balance that a debit took below its customer's threshold, or to nothing, since the last look,
-- with a delivery for each channel that is on; returns how many. Safe to run anywhere, any number of times, side by side:
-- while one looks, others return 0.
--
-- A crossing is a fact of the log: the balance before and after what one database transaction posted for a customer. So the
-- posting itself pays nothing for it, and moving the horizon together with what was raised tells each crossing exactly once,
-- whatever is killed when. The horizon is that of the roll-ups (see fold_usage). On another server it begins anew: what
-- happened between the last look and the dump is not told, nor are the restored rows once this server's numbers reach theirs.
CREATE OR REPLACE FUNCTION credits.watch_balances() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
DECLARE
  state credits_billing.notification_watch;
  settings credits_billing.notification_settings;
  this_server bigint;
  new_horizon xid8;
  raised bigint := 0;
BEGIN
  SELECT w.* INTO state FROM credits_billing.notification_watch w FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  SELECT c.system_identifier INTO this_server FROM pg_control_system() c;
  new_horizon := pg_snapshot_xmin(pg_current_snapshot());
  IF state.server_identifier <> this_server OR state.horizon > pg_snapshot_xmax(pg_current_snapshot()) THEN
    UPDATE credits_billing.notification_watch w
    SET horizon = new_horizon, server_identifier = this_server, looked_at = clock_timestamp(),
      through_id = (SELECT coalesce(max(t.id), 0) FROM credits.credit_transactions t
        WHERE t.recorded_in >= pg_snapshot_xmax(pg_current_snapshot()));
    RETURN 0;
  END IF;

  SELECT s.* INTO settings FROM credits_billing.notification_settings s;
  WITH moved AS (
    -- Per customer and database transaction: a sweep and the debit it made room for are one fall.
    SELECT t.customer_id,
      (array_agg(t.balance_after - t.amount ORDER BY t.id))[1] AS before,
      (array_agg(t.balance_after ORDER BY t.id DESC))[1] AS after,
      max(t.id) FILTER (WHERE t.amount < 0) AS transaction_id,
      max(t.created_at) FILTER (WHERE t.amount < 0) AS occurred_at
    FROM credits.credit_transactions t
    WHERE t.recorded_in >= state.horizon AND t.recorded_in < new_horizon AND t.id > state.through_id
    GROUP BY t.customer_id, t.recorded_in
    HAVING bool_or(t.amount < 0)
  ), fell AS (
    INSERT INTO credits_billing.notifications AS n (customer_id, kind, balance, threshold, transaction_id, occurred_at)
    SELECT m.customer_id, CASE credits.balance_level(m.after, l.threshold) WHEN 2 THEN 'empty' ELSE 'low' END,
      m.after, l.threshold, m.transaction_id, m.occurred_at
    FROM moved m
    JOIN credits.customers c ON c.id = m.customer_id
    LEFT JOIN credits_billing.plans p ON p.tier = c.plan_tier
    CROSS JOIN LATERAL (
      SELECT coalesce(c.low_balance_threshold, p.low_balance_threshold, settings.low_balance_threshold) AS threshold
    ) l
    WHERE credits.balance_level(m.after, l.threshold) > credits.balance_level(m.before, l.threshold)
    ORDER BY m.occurred_at, m.transaction_id
    ON CONFLICT (customer_id, transaction_id) DO NOTHING
    RETURNING n.id
  ), delivered AS (
    INSERT INTO credits_billing.notification_deliveries (notification_id, channel)
    SELECT f.id, channels.channel
    FROM fell f CROSS JOIN (VALUES ('email', settings.email_enabled), ('webhook', settings.webhook_enabled)) channels (channel, enabled)
    WHERE channels.enabled
  )
  SELECT count(*) INTO raised FROM fell;

  UPDATE credits_billing.notification_watch w
  -- Never back: demo data put it past numbers that are still in use.
  SET horizon = greatest(w.horizon, new_horizon), looked_at = clock_timestamp()
  -- Where nothing was posted there is nothing to get past: an idle workspace writes once a minute, not at each look.
  WHERE w.looked_at < clock_timestamp() - interval '1 minute'
    OR EXISTS (
      SELECT FROM credits.credit_transactions t WHERE t.recorded_in >= w.horizon AND t.recorded_in < new_horizon);
  RETURN raised;
END $$;
