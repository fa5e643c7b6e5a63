-- Writes an expire transaction for each grant that is due as of an instant and closes due holds, customer by customer,
-- until at least `batch` grants are done; returns how many expire transactions it wrote. A customer whose account is
-- locked by other work is left to the next run, so runs side by side neither wait for nor repeat each other.
-- Errors: CR422.
CREATE OR REPLACE FUNCTION credits.expire_credits(as_of timestamptz DEFAULT now(), batch integer DEFAULT 1000)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
DECLARE
  each record;
  written bigint := 0;
BEGIN
  IF as_of IS NULL THEN
    PERFORM credits.refuse_argument('as_of', 'is required');
  END IF;
  IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
    PERFORM credits.refuse_argument('batch', 'must be between 1 and 100000');
  END IF;
  FOR each IN
    SELECT due.customer_id, min(due.expires_at) AS due_at
    FROM (
      SELECT g.customer_id, g.expires_at FROM credits.credit_grants g
      WHERE g.is_open AND g.expires_at IS NOT NULL AND g.expires_at <= as_of
      UNION ALL
      SELECT h.customer_id, h.expires_at FROM credits.credit_holds h
      WHERE h.state = 'open' AND h.expires_at <= as_of
    ) due
    GROUP BY due.customer_id
    ORDER BY due_at, due.customer_id
  LOOP
    EXIT WHEN written >= batch;
    PERFORM FROM credits.accounts a WHERE a.customer_id = each.customer_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    written := written + credits.sweep_account(each.customer_id, as_of);
  END LOOP;
  RETURN written;
END $$;
