-- What took credits of one customer from start_at (inclusive) to end_at (exclusive), most used first; total_used is
-- positive. Errors: CR422, CR404.
CREATE OR REPLACE FUNCTION credits.get_usage_summary(customer_id text, start_at timestamptz, end_at timestamptz)
RETURNS TABLE (transaction_type text, description text, feature text, total_used bigint, transaction_count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF start_at IS NULL OR end_at IS NULL THEN
    PERFORM credits.refuse_argument(CASE WHEN start_at IS NULL THEN 'start_at' ELSE 'end_at' END, 'is required');
  ELSIF end_at < start_at THEN
    PERFORM credits.refuse_argument('end_at', 'is before start_at');
  END IF;
  PERFORM FROM credits.accounts a WHERE a.customer_id = customer_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'customer', 'id', customer_id));
  END IF;
  RETURN QUERY
    SELECT t.transaction_type::text, t.description, t.feature, sum(-t.amount)::bigint, count(*)
    FROM credits.credit_transactions t
    WHERE t.customer_id = customer_id AND t.amount < 0 AND t.created_at >= start_at AND t.created_at < end_at
    GROUP BY 1, t.description, t.feature
    ORDER BY 4 DESC, 5 DESC, 1, 2, 3;
END $$;
