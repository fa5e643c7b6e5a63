-- An open hold of a locked account that has not expired. CR404, CR409 hold_closed with what closed it as first_id.
CREATE OR REPLACE FUNCTION credits.get_open_hold(customer_id text, hold_id bigint) RETURNS credits.credit_holds
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  hold credits.credit_holds;
BEGIN
  SELECT h.* INTO hold FROM credits.credit_holds h WHERE h.customer_id = customer_id AND h.id = hold_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'hold', 'id', hold_id::text));
  ELSIF hold.state <> 'open' OR hold.expires_at <= clock_timestamp() THEN
    PERFORM credits.fail('CR409', 'hold_closed',
      jsonb_build_object('first_id', coalesce(hold.transaction_id, hold.id)::text));
  END IF;
  RETURN hold;
END $$;
