-- Sets credits aside for work in progress until `expires_in` from now. Errors: CR422, CR404, CR409
-- idempotency_conflict, CR402.
CREATE OR REPLACE FUNCTION credits.hold_credits(
  customer_id text, amount bigint, description text, feature text DEFAULT NULL,
  idempotency_key text DEFAULT NULL, expires_in interval DEFAULT '15 minutes'
) RETURNS credits.credit_holds
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  account credits.accounts;
  hold credits.credit_holds;
  call_fingerprint uuid;
  first_id bigint;
  now timestamptz;
BEGIN
  checked := credits.check_usage(customer_id, amount, description, feature, idempotency_key, '{}');
  IF expires_in IS NULL OR expires_in <= interval '0' OR expires_in > interval '1 year' THEN
    PERFORM credits.refuse_argument('expires_in', 'must be longer than nothing and at most a year');
  END IF;
  account := credits.lock_account(customer_id);
  IF idempotency_key IS NOT NULL THEN
    call_fingerprint := credits.fingerprint(idempotency_key, ROW('hold_credits', amount, description, feature, extract(epoch FROM expires_in))::text);
    SELECT h.* INTO hold FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.idempotency_key = idempotency_key;
    IF FOUND THEN
      IF hold.fingerprint <> call_fingerprint THEN
        PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', hold.id::text));
      END IF;
      RETURN hold;
    END IF;
    SELECT t.id INTO first_id FROM credits.credit_transactions t
    WHERE t.customer_id = customer_id AND t.idempotency_key = idempotency_key;
    IF FOUND THEN
      PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', first_id::text));
    END IF;
  END IF;
  now := clock_timestamp();
  IF account.next_due_at <= now THEN
    PERFORM credits.sweep_account(customer_id, now);
    account := credits.lock_account(customer_id);
  END IF;
  IF account.credits_balance - account.credits_held < amount THEN
    PERFORM credits.fail('CR402', 'insufficient_credits', jsonb_build_object('required', amount,
      'balance', account.credits_balance, 'available', account.credits_balance - account.credits_held));
  END IF;
  INSERT INTO credits.credit_holds AS h (customer_id, amount, feature, description, expires_at, idempotency_key,
    fingerprint, actor, metadata, created_at)
  VALUES (customer_id, amount, feature, coalesce(description, ''), now + expires_in, idempotency_key,
    call_fingerprint, credits.current_actor(), credits.with_context('{}'), now)
  RETURNING h.* INTO hold;
  UPDATE credits.accounts a
  SET credits_held = a.credits_held + amount, next_due_at = least(a.next_due_at, hold.expires_at),
    has_keyed_holds = a.has_keyed_holds OR idempotency_key IS NOT NULL
  WHERE a.customer_id = customer_id;
  RETURN hold;
END $$;
