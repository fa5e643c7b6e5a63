-- What is due to expire of one customer at an instant: per due grant, in order of expiry, how much would go. Credits
-- that were set aside while their grant lived stay until the hold closes, so that work in progress can be paid for:
-- a hold keeps grants that fell due after it was made, the one that fell due first before the others.
CREATE OR REPLACE FUNCTION credits.due_grants(customer_id text, as_of timestamptz)
RETURNS TABLE (grant_id bigint, due bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  each record;
  held_before bigint;
  kept bigint := 0;
  keep bigint;
BEGIN
  FOR each IN
    SELECT g.id, g.remaining, g.expires_at FROM credits.credit_grants g
    WHERE g.customer_id = customer_id AND g.is_open AND g.expires_at <= as_of
    ORDER BY g.expires_at, g.id
  LOOP
    SELECT coalesce(sum(h.amount), 0) INTO held_before FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.state = 'open' AND h.expires_at > as_of AND h.created_at < each.expires_at;
    keep := least(each.remaining, greatest(held_before - kept, 0));
    kept := kept + keep;
    IF each.remaining > keep THEN
      grant_id := each.id;
      due := each.remaining - keep;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;
