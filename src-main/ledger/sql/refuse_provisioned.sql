-- CR409 already_processed with the transaction that a Stripe payment has provisioned, of whichever customer.
CREATE OR REPLACE FUNCTION credits.refuse_provisioned(stripe_payment_id text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
  first_id bigint;
BEGIN
  SELECT p.transaction_id INTO first_id FROM credits.stripe_payments p WHERE p.stripe_payment_id = stripe_payment_id;
  PERFORM credits.fail('CR409', 'already_processed', jsonb_build_object('first_id', first_id::text));
END $$;
