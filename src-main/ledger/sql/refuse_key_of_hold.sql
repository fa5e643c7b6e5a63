-- CR409 idempotency_conflict where the key stands on a hold of the customer: keys are unique per customer, whatever
-- they were used for. accounts.has_keyed_holds tells whether there is anything to look for.
CREATE OR REPLACE FUNCTION credits.refuse_key_of_hold(customer_id text, idempotency_key text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
  hold_id bigint;
BEGIN
  SELECT h.id INTO hold_id FROM credits.credit_holds h
  WHERE h.customer_id = customer_id AND h.idempotency_key = idempotency_key;
  IF FOUND THEN
    PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', hold_id::text));
  END IF;
END $$;
