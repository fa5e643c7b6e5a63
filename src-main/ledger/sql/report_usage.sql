-- Reports metered usage of a customer, to be billed through Stripe, and returns the row; it moves no credits. A repeat under
-- the same key returns the first row. Quantity: whole units of at most 15 digits; at least 1, exactly 1 where the meter counts
-- reports, and also 0 where it takes the newest value. occurred_at null: now; at most 5 minutes ahead. Usage of more than
-- 35 days ago is kept and never sent: Stripe does not take it. The quantity is numeric so that a fraction is refused, not
-- rounded. Errors: CR422 (also where the customer has no Stripe customer), CR404 (customer, meter), CR409 idempotency_conflict.
CREATE OR REPLACE FUNCTION credits.report_usage(
  customer_id text, event_name text, quantity numeric, idempotency_key text, occurred_at timestamptz DEFAULT NULL,
  metadata jsonb DEFAULT '{}'
) RETURNS credits.usage_reports
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  formula text;
  active boolean;
  call_fingerprint uuid;
  reported credits.usage_reports;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('event_name', event_name, 100, true);
  checked := credits.check_text('idempotency_key', idempotency_key, 255, true);
  checked := credits.check_metadata(metadata);
  -- As a caller's own, such a key would keep a later use of a feature from being reported.
  IF starts_with(idempotency_key, 'transaction:') THEN
    PERFORM credits.refuse_argument('idempotency_key', 'begins with transaction:, which uses of features keep for themselves');
  END IF;
  SELECT m.formula, m.active INTO formula, active FROM credits_billing.meters m WHERE m.event_name = event_name;
  -- A repeat of a newest value of 0 is one also after the meter went.
  checked := credits.check_quantity(quantity, CASE WHEN active OR formula = 'last' THEN formula END);
  IF occurred_at > clock_timestamp() + interval '5 minutes' THEN
    PERFORM credits.refuse_argument('occurred_at', 'is more than 5 minutes in the future');
  ELSIF NOT isfinite(occurred_at) THEN
    PERFORM credits.refuse_argument('occurred_at', 'is no instant');
  END IF;
  call_fingerprint := md5(ROW('report_usage', event_name, trim_scale(quantity), extract(epoch FROM occurred_at), metadata)::text)::uuid;

  INSERT INTO credits.usage_reports AS r (customer_id, event_name, quantity, occurred_at, idempotency_key, fingerprint, actor, metadata)
  SELECT c.id, event_name, quantity::bigint, coalesce(occurred_at, clock_timestamp()), idempotency_key, call_fingerprint,
    credits.current_actor(), credits.with_context(metadata)
  FROM credits.customers c WHERE c.id = customer_id AND c.stripe_customer_id IS NOT NULL AND active
  ON CONFLICT ON CONSTRAINT usage_reports_idempotency DO NOTHING
  RETURNING r.* INTO reported;
  IF FOUND THEN
    RETURN reported;
  END IF;
  -- Reported before: also where the meter or the customer has gone since.
  SELECT r.* INTO reported FROM credits.usage_reports r
  WHERE r.customer_id = customer_id AND r.idempotency_key = idempotency_key;
  IF FOUND THEN
    IF reported.fingerprint <> call_fingerprint THEN
      PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', reported.id::text));
    END IF;
    RETURN reported;
  END IF;
  PERFORM FROM credits.customers c WHERE c.id = customer_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'customer', 'id', customer_id));
  ELSIF active IS NOT TRUE THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'meter', 'id', event_name));
  END IF;
  PERFORM credits.refuse_argument('customer_id', 'has no Stripe customer, so its usage cannot be billed');
END $$;
