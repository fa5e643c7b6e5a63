-- Gives held credits back to the customer. Errors: CR422, CR404, CR409 hold_closed.
CREATE OR REPLACE FUNCTION credits.release_hold(customer_id text, hold_id bigint) RETURNS credits.credit_holds
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  hold credits.credit_holds;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF hold_id IS NULL THEN
    PERFORM credits.refuse_argument('hold_id', 'is required');
  END IF;
  PERFORM credits.lock_account(customer_id);
  hold := credits.get_open_hold(customer_id, hold_id);
  UPDATE credits.credit_holds h
  SET state = 'released', closed_at = clock_timestamp(), closed_by = credits.current_actor(),
    metadata = h.metadata || (credits.with_context('{}') - 'use')
  WHERE h.customer_id = customer_id AND h.id = hold_id
  RETURNING h.* INTO hold;
  UPDATE credits.accounts a SET credits_held = a.credits_held - hold.amount WHERE a.customer_id = customer_id;
  RETURN hold;
END $$;
