-- What is available after everything this statement did so far: get_credit_balance looks at the moment the statement began.
-- CR404.
CREATE OR REPLACE FUNCTION credits.available_now(customer_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  available bigint;
BEGIN
  -- The common case, nothing due, without the calls of the other: this stands behind every use over HTTP.
  SELECT a.credits_balance - a.credits_held INTO available FROM credits.accounts a
  WHERE a.customer_id = customer_id AND a.next_due_at > clock_timestamp();
  IF NOT FOUND THEN
    SELECT b.available INTO available FROM credits.get_balance(customer_id) b;
  END IF;
  RETURN available;
END $$;
