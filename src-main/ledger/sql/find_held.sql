-- The hold that this idempotency key made before, or null. CR409 idempotency_conflict where the key stands on another call:
-- a hold with other arguments, or a transaction. Certain only under the account's lock.
CREATE OR REPLACE FUNCTION credits.find_held(customer_id text, idempotency_key text, fingerprint uuid)
RETURNS credits.credit_holds
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
  hold credits.credit_holds;
  first_id bigint;
BEGIN
  SELECT h.* INTO hold FROM credits.credit_holds h
  WHERE h.customer_id = customer_id AND h.idempotency_key = idempotency_key;
  IF FOUND THEN
    IF hold.fingerprint <> fingerprint THEN
      PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', hold.id::text));
    END IF;
    RETURN hold;
  END IF;
  SELECT t.id INTO first_id FROM credits.credit_transactions t
  WHERE t.customer_id = customer_id AND t.idempotency_key = idempotency_key;
  IF FOUND THEN
    PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', first_id::text));
  END IF;
  RETURN NULL;
END $$;
