-- Adds the credits that a Stripe payment bought, once: as one grant, with what Stripe says of the payment beside it
-- (amount_minor in minor units of currency). A payment that provisioned before, under any of its Stripe ids, moves
-- nothing and answers with its first transaction; facts that were missing are filled in. `keep_at_most` is an
-- allocation's rollover: of earlier allocations that many credits stay, the rest expires first. Money that already went
-- back is settled by settle_payment, which the caller runs next.
-- Errors: CR422, CR404, CR409 already_processed (the payment is another customer's), idempotency_conflict.
CREATE OR REPLACE FUNCTION credits.provision_payment(
  customer_id text, stripe_payment_id text, amount bigint, transaction_type text, description text,
  idempotency_key text, account_id text, currency text, amount_minor bigint,
  payment_intent_id text DEFAULT NULL, session_id text DEFAULT NULL, invoice_id text DEFAULT NULL,
  paid_at timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL, keep_at_most bigint DEFAULT NULL,
  metadata jsonb DEFAULT '{}'
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  payment credits.stripe_payments;
  posted credits.credit_transactions;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('stripe_payment_id', stripe_payment_id, 255, true);
  checked := credits.check_text('account_id', account_id, 255, true);
  checked := credits.check_amount('amount', amount);
  IF transaction_type IS NULL OR transaction_type NOT IN ('purchase', 'subscription_allocation') THEN
    PERFORM credits.refuse_argument('transaction_type', 'must be purchase or subscription_allocation');
  ELSIF currency IS NULL OR currency !~ '^[a-z]{3}$' THEN
    PERFORM credits.refuse_argument('currency', 'must be three small letters');
  ELSIF amount_minor IS NULL OR amount_minor < 0 OR amount_minor > 9007199254740991 THEN
    PERFORM credits.refuse_argument('amount_minor', 'must be zero or more minor units');
  ELSIF keep_at_most < 0 THEN
    PERFORM credits.refuse_argument('keep_at_most', 'must be zero or more');
  END IF;
  PERFORM credits.lock_account(customer_id);
  -- By whichever of its ids somebody provisioned it: a back end may have used another one than the console does.
  SELECT p.* INTO payment FROM credits.stripe_payments p
  WHERE p.stripe_payment_id IN (stripe_payment_id, payment_intent_id, session_id, invoice_id)
    OR p.payment_intent_id = payment_intent_id OR p.session_id = session_id OR p.invoice_id = invoice_id
  ORDER BY p.stripe_payment_id = stripe_payment_id DESC LIMIT 1;
  IF FOUND THEN
    IF payment.customer_id <> customer_id THEN
      PERFORM credits.refuse_provisioned(payment.stripe_payment_id);
    END IF;
    SELECT t.* INTO posted FROM credits.credit_transactions t
    WHERE t.customer_id = customer_id AND t.id = payment.transaction_id;
  ELSE
    IF keep_at_most IS NOT NULL THEN
      PERFORM credits.expire_surplus(customer_id, keep_at_most);
    END IF;
    posted := credits.add_credits(customer_id, amount, transaction_type, description, stripe_payment_id,
      idempotency_key, expires_at, 100, metadata);
    payment.stripe_payment_id := stripe_payment_id;
  END IF;
  UPDATE credits.stripe_payments p
  SET account_id = coalesce(p.account_id, account_id), currency = coalesce(p.currency, currency),
    amount_minor = coalesce(p.amount_minor, amount_minor),
    payment_intent_id = coalesce(p.payment_intent_id, payment_intent_id), session_id = coalesce(p.session_id, session_id),
    invoice_id = coalesce(p.invoice_id, invoice_id), paid_at = coalesce(p.paid_at, paid_at)
  WHERE p.stripe_payment_id = payment.stripe_payment_id;
  RETURN posted;
END $$;
