-- Which open grants would pay a debit of `amount` now, in burn order; fewer than the amount where there is not enough. Changes
-- nothing. Errors: CR422, CR404 customer.
CREATE OR REPLACE FUNCTION credits.preview_burn(customer_id text, amount bigint)
RETURNS TABLE (grant_id bigint, taken bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now timestamptz := clock_timestamp();
  checked boolean;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_amount('amount', amount);
  PERFORM FROM credits.accounts a WHERE a.customer_id = customer_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'customer', 'id', customer_id));
  END IF;
  RETURN QUERY
    SELECT o.id, least(o.remaining, amount - o.before)::bigint
    FROM (
      SELECT g.id, g.remaining, sum(g.remaining) OVER burn - g.remaining AS before
      FROM credits.credit_grants g
      WHERE g.customer_id = customer_id AND g.is_open AND (g.expires_at IS NULL OR g.expires_at > now)
      WINDOW burn AS (ORDER BY g.priority, g.expires_at, g.is_paid, g.id)
    ) o
    WHERE o.before < amount
    ORDER BY o.before, o.id;
END $$;
