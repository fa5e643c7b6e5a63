-- Takes up to `amount` credits of what is left of one added transaction for another transaction; returns how much.
CREATE OR REPLACE FUNCTION credits.take_from_own_grants(
  customer_id text, added_id bigint, transaction_id bigint, amount bigint
) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  needed bigint := amount;
  place integer := 1;
  each record;
BEGIN
  FOR each IN SELECT o.grant_id, o.remaining FROM credits.own_grants(customer_id, added_id) o LOOP
    EXIT WHEN needed = 0;
    PERFORM credits.take_from_grant(customer_id, transaction_id, each.grant_id, least(needed, each.remaining), place);
    needed := needed - least(needed, each.remaining);
    place := place + 1;
  END LOOP;
  RETURN amount - needed;
END $$;
