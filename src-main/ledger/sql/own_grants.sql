-- The grants that hold what is left of one transaction's credits: those it made, and those that came back in their
-- place after they had expired, however often.
CREATE OR REPLACE FUNCTION credits.own_grants(customer_id text, transaction_id bigint)
RETURNS TABLE (grant_id bigint, remaining bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
  WITH RECURSIVE own AS (
    SELECT g.id, g.remaining FROM credits.credit_grants g
    WHERE g.customer_id = own_grants.customer_id AND g.transaction_id = own_grants.transaction_id
    UNION
    SELECT g.id, g.remaining FROM credits.credit_grants g
    JOIN own ON g.customer_id = own_grants.customer_id AND g.restores_grant_id = own.id
  )
  SELECT own.id, own.remaining FROM own WHERE own.remaining > 0 ORDER BY own.id
$$;
