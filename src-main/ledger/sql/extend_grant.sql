-- Moves a grant's expiry to a later instant and records who did and why. Repeating it with the same instant changes
-- nothing. Errors: CR422 (no reason, no expiry to move, not later), CR404, CR410 already_spent (nothing left of it, or
-- expired: an expired grant is reinstated by reversing its expire transaction).
CREATE OR REPLACE FUNCTION credits.extend_grant(
  customer_id text, grant_id bigint, expires_at timestamptz, reason text
) RETURNS credits.credit_grants
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  account credits.accounts;
  changed credits.credit_grants;
  before timestamptz;
  now timestamptz;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF grant_id IS NULL THEN
    PERFORM credits.refuse_argument('grant_id', 'is required');
  END IF;
  IF expires_at IS NULL OR expires_at IN ('infinity', '-infinity') THEN
    PERFORM credits.refuse_argument('expires_at', 'is required');
  END IF;
  IF expires_at <= clock_timestamp() THEN
    PERFORM credits.refuse_argument('expires_at', 'must be in the future');
  END IF;
  checked := credits.check_text('reason', reason, 1000, true);
  account := credits.lock_account(customer_id);
  now := clock_timestamp();
  SELECT g.* INTO changed FROM credits.credit_grants g WHERE g.customer_id = customer_id AND g.id = grant_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'grant', 'id', grant_id::text));
  ELSIF changed.expires_at IS NULL THEN
    PERFORM credits.refuse_argument('grant_id', 'is a grant that never expires');
  ELSIF changed.expires_at <= now OR NOT changed.is_open THEN
    PERFORM credits.fail('CR410', 'already_spent', jsonb_build_object(
      'left', CASE WHEN changed.expires_at <= now THEN 0 ELSE changed.remaining END, 'asked', changed.granted));
  ELSIF changed.expires_at = expires_at THEN
    RETURN changed;
  ELSIF expires_at < changed.expires_at THEN
    PERFORM credits.refuse_argument('expires_at', 'must be later than the present expiry');
  END IF;
  before := changed.expires_at;
  UPDATE credits.credit_grants g SET expires_at = expires_at
  WHERE g.customer_id = customer_id AND g.id = grant_id
  RETURNING g.* INTO changed;
  INSERT INTO credits.credit_grant_changes (customer_id, grant_id, expires_at_before, expires_at_after, reason, actor,
    metadata, created_at)
  VALUES (customer_id, grant_id, before, expires_at, reason, credits.current_actor(), credits.with_context('{}'), now);
  RETURN changed;
END $$;
