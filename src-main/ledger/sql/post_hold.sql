-- The one way credits are set aside: lock, replay, sweep what is due, check, hold. `use` (null: none) is what the hold stands
-- for, kept beside it for its capture. An amount of 0 holds nothing: such a use is billed instead. Arguments are checked by
-- the caller. Errors: CR404, CR409 idempotency_conflict, CR402.
CREATE OR REPLACE FUNCTION credits.post_hold(
  customer_id text, amount bigint, description text, feature text, idempotency_key text, fingerprint uuid,
  expires_in interval, use jsonb
) RETURNS credits.credit_holds
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
  hold credits.credit_holds;
  now timestamptz;
BEGIN
  account := credits.lock_account(customer_id);
  IF idempotency_key IS NOT NULL THEN
    hold := credits.find_held(customer_id, idempotency_key, fingerprint);
    IF hold.id IS NOT NULL THEN
      RETURN hold;
    END IF;
  END IF;
  now := clock_timestamp();
  IF account.next_due_at <= now THEN
    PERFORM credits.sweep_account(customer_id, now);
    account := credits.lock_account(customer_id);
  END IF;
  IF amount > 0 AND account.credits_balance - account.credits_held < amount THEN
    PERFORM credits.fail('CR402', 'insufficient_credits', jsonb_build_object('required', amount,
      'balance', account.credits_balance, 'available', account.credits_balance - account.credits_held));
  END IF;
  INSERT INTO credits.credit_holds AS h (customer_id, amount, feature, description, expires_at, idempotency_key,
    fingerprint, actor, metadata, created_at)
  VALUES (customer_id, amount, feature, coalesce(description, ''), now + expires_in, idempotency_key,
    fingerprint, credits.current_actor(),
    -- No context may say what a hold stands for.
    (credits.with_context('{}') - 'use') || CASE WHEN use IS NULL THEN '{}' ELSE jsonb_build_object('use', use) END, now)
  RETURNING h.* INTO hold;
  UPDATE credits.accounts a
  SET credits_held = a.credits_held + amount, next_due_at = least(a.next_due_at, hold.expires_at),
    has_keyed_holds = a.has_keyed_holds OR idempotency_key IS NOT NULL
  WHERE a.customer_id = customer_id;
  RETURN hold;
END $$;
