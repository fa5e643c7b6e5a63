-- Says which Stripe customer a customer is; null: none any more. Unlike ensure_customer it replaces what is there.
-- Errors: CR422, CR404, CR409 already_processed where the Stripe id is another customer's (first_id).
CREATE OR REPLACE FUNCTION credits.link_stripe_customer(customer_id text, stripe_customer_id text) RETURNS credits.customers
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  linked credits.customers;
  owner_id text;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('stripe_customer_id', stripe_customer_id, 255, false);
  PERFORM credits.lock_account(customer_id);
  SELECT c.id INTO owner_id FROM credits.customers c WHERE c.stripe_customer_id = nullif(stripe_customer_id, '') AND c.id <> customer_id;
  IF FOUND THEN
    PERFORM credits.fail('CR409', 'already_processed', jsonb_build_object('first_id', owner_id));
  END IF;
  UPDATE credits.customers c SET stripe_customer_id = nullif(stripe_customer_id, '')
  WHERE c.id = customer_id RETURNING c.* INTO linked;
  RETURN linked;
END $$;
