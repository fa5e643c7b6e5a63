-- Takes the account's lock, under which everything about one customer's credits is decided, and returns the account
-- as it is then. CR404 where there is no such customer.
CREATE OR REPLACE FUNCTION credits.lock_account(customer_id text) RETURNS credits.accounts
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  account credits.accounts;
BEGIN
  SELECT a.* INTO account FROM credits.accounts a WHERE a.customer_id = customer_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'customer', 'id', customer_id));
  END IF;
  RETURN account;
END $$;
