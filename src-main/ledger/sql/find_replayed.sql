-- The transaction that this idempotency key wrote before, or null. CR409 idempotency_conflict where the key stands on
-- another call: other arguments, another function, or a hold. Certain only under the account's lock.
CREATE OR REPLACE FUNCTION credits.find_replayed(customer_id text, idempotency_key text, fingerprint uuid)
RETURNS credits.credit_transactions
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
  first credits.credit_transactions;
BEGIN
  SELECT t.* INTO first FROM credits.credit_transactions t
  WHERE t.customer_id = customer_id AND t.idempotency_key = idempotency_key;
  IF FOUND THEN
    IF first.fingerprint IS DISTINCT FROM fingerprint THEN
      PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', first.id::text));
    END IF;
    RETURN first;
  END IF;
  PERFORM credits.refuse_key_of_hold(customer_id, idempotency_key);
  RETURN NULL;
END $$;
