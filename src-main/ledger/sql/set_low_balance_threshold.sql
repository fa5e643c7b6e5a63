-- Sets below which balance a customer counts as low on credits; null: as their plan or the workspace says; 0: only once nothing
-- is left. Moves no credits. Errors: CR422, CR404.
CREATE OR REPLACE FUNCTION credits.set_low_balance_threshold(customer_id text, threshold bigint) RETURNS credits.customers
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  changed credits.customers;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF threshold NOT BETWEEN 0 AND 9007199254740991 THEN
    PERFORM credits.refuse_argument('threshold', 'must be between 0 and 9007199254740991');
  END IF;
  UPDATE credits.customers c SET low_balance_threshold = threshold WHERE c.id = customer_id RETURNING c.* INTO changed;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'customer', 'id', customer_id));
  END IF;
  RETURN changed;
END $$;
