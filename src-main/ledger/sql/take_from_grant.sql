-- Takes credits from one grant of a locked account for a transaction and records it. A transaction in debt may take
-- from a grant a second time (credits came back to it): then the record grows.
CREATE OR REPLACE FUNCTION credits.take_from_grant(
  customer_id text, transaction_id bigint, grant_id bigint, amount bigint, "position" integer
) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
  UPDATE credits.credit_grants g SET remaining = g.remaining - amount, is_open = g.remaining > amount
  WHERE g.customer_id = customer_id AND g.id = grant_id;
  INSERT INTO credits.credit_consumptions AS c (customer_id, transaction_id, grant_id, amount, position)
  VALUES (customer_id, transaction_id, grant_id, amount, "position")
  ON CONFLICT ON CONSTRAINT credit_consumptions_pkey DO UPDATE SET amount = c.amount + excluded.amount;
END $$;
