-- What is available after everything this statement did so far: get_credit_balance looks at the moment the statement began.
CREATE OR REPLACE FUNCTION credits.available_now(customer_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (SELECT b.available FROM credits.get_balance(customer_id) b);
END $$;
