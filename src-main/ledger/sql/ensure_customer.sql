-- Makes the customer with an empty account, or fills what is missing of an existing one; what is there stays.
-- Errors: CR422, CR409 already_processed where the Stripe id is another customer's (first_id).
CREATE OR REPLACE FUNCTION credits.ensure_customer(
  id text, email text DEFAULT NULL, name text DEFAULT NULL, stripe_customer_id text DEFAULT NULL, plan_tier text DEFAULT NULL
) RETURNS credits.customers
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  ensured credits.customers;
  owner_id text;
BEGIN
  checked := credits.check_text('id', id, 200, true);
  -- An id is copied, searched and put into addresses: no line breaks and tabs either.
  IF id ~ '[\x01-\x1f\x7f]' THEN
    PERFORM credits.refuse_argument('id', 'holds a control character');
  END IF;
  checked := credits.check_text('email', email, 320, false);
  checked := credits.check_text('name', name, 200, false);
  checked := credits.check_text('stripe_customer_id', stripe_customer_id, 255, false);
  checked := credits.check_text('plan_tier', plan_tier, 100, false);
  INSERT INTO credits.customers AS c (id, email, name, stripe_customer_id, plan_tier)
  VALUES (id, nullif(email, ''), nullif(name, ''), nullif(stripe_customer_id, ''), nullif(plan_tier, ''))
  ON CONFLICT DO NOTHING;
  SELECT c.id INTO owner_id FROM credits.customers c WHERE c.stripe_customer_id = nullif(stripe_customer_id, '');
  IF owner_id <> id THEN
    PERFORM credits.fail('CR409', 'already_processed', jsonb_build_object('first_id', owner_id));
  END IF;
  UPDATE credits.customers c
  SET email = coalesce(c.email, nullif(email, '')), name = coalesce(c.name, nullif(name, '')),
    stripe_customer_id = coalesce(c.stripe_customer_id, nullif(stripe_customer_id, '')),
    plan_tier = coalesce(c.plan_tier, nullif(plan_tier, ''))
  WHERE c.id = id AND (
    (c.email IS NULL AND email <> '') OR (c.name IS NULL AND name <> '')
    OR (c.stripe_customer_id IS NULL AND stripe_customer_id <> '') OR (c.plan_tier IS NULL AND plan_tier <> ''));
  SELECT c.* INTO ensured FROM credits.customers c WHERE c.id = id;
  INSERT INTO credits.accounts (customer_id) VALUES (id) ON CONFLICT DO NOTHING;
  RETURN ensured;
END $$;
