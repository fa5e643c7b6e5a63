-- Takes up to `amount` credits from a locked account's open grants in burn order (lower priority, sooner expiry, free
-- before paid, older) for a transaction, records which grant gave how much from `first_position` on, and returns how
-- much was taken. Grants already due at `now` are left out, unless `due_first`: then they go before all others (a
-- captured hold pays with what it kept alive).
CREATE OR REPLACE FUNCTION credits.burn_grants(
  customer_id text, transaction_id bigint, amount bigint, now timestamptz,
  due_first boolean DEFAULT false, first_position integer DEFAULT 1
) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  needed bigint := amount;
  place integer := first_position;
  part bigint;
  each record;
BEGIN
  IF due_first THEN
    FOR each IN
      SELECT g.id, g.remaining FROM credits.credit_grants g
      WHERE g.customer_id = customer_id AND g.is_open AND g.expires_at <= now
      ORDER BY g.expires_at, g.id
    LOOP
      EXIT WHEN needed = 0;
      part := least(needed, each.remaining);
      PERFORM credits.take_from_grant(customer_id, transaction_id, each.id, part, place);
      needed := needed - part;
      place := place + 1;
    END LOOP;
  END IF;
  IF needed = 0 THEN
    RETURN amount;
  END IF;
  FOR each IN
    SELECT g.id, g.remaining FROM credits.credit_grants g
    WHERE g.customer_id = customer_id AND g.is_open AND (g.expires_at IS NULL OR g.expires_at > now)
    ORDER BY g.priority, g.expires_at, g.is_paid, g.id
  LOOP
    part := least(needed, each.remaining);
    PERFORM credits.take_from_grant(customer_id, transaction_id, each.id, part, place);
    needed := needed - part;
    EXIT WHEN needed = 0;
    place := place + 1;
  END LOOP;
  RETURN amount - needed;
END $$;
