-- Available credits: balance − held − grants already due to expire. CR404.
CREATE OR REPLACE FUNCTION credits.get_credit_balance(customer_id text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
  SELECT b.available FROM credits.get_balance(customer_id) b
$$;
