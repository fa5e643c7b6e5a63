-- Adds credits as one grant. Types: purchase, subscription_allocation, bonus, refund, adjustment; a person's (bonus,
-- refund, adjustment) need a description. Purchased and paid-for credits burn after free ones of the same expiry.
-- Errors: CR422, CR403 (purchases and allocations are credits_admin's), CR404, CR409.
CREATE OR REPLACE FUNCTION credits.add_credits(
  customer_id text, amount bigint, transaction_type text, description text,
  stripe_payment_id text DEFAULT NULL, idempotency_key text DEFAULT NULL,
  expires_at timestamptz DEFAULT NULL, priority integer DEFAULT 100, metadata jsonb DEFAULT '{}'
) RETURNS credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
DECLARE
  checked boolean;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_amount('amount', amount);
  IF transaction_type IS NULL
    OR transaction_type NOT IN ('purchase', 'subscription_allocation', 'bonus', 'refund', 'adjustment') THEN
    PERFORM credits.refuse_argument('transaction_type',
      'must be purchase, subscription_allocation, bonus, refund or adjustment');
  END IF;
  checked := credits.check_text('description', description, 1000,
    required => transaction_type IN ('bonus', 'refund', 'adjustment'));
  IF stripe_payment_id IS NOT NULL THEN
    checked := credits.check_text('stripe_payment_id', stripe_payment_id, 255, true);
  END IF;
  IF idempotency_key IS NOT NULL THEN
    checked := credits.check_text('idempotency_key', idempotency_key, 255, true);
  END IF;
  IF priority IS NULL THEN
    PERFORM credits.refuse_argument('priority', 'is required');
  END IF;
  checked := credits.check_metadata(metadata);
  IF transaction_type IN ('purchase', 'subscription_allocation')
    AND NOT pg_has_role(session_user, 'credits_admin', 'MEMBER') THEN
    PERFORM credits.fail('CR403', 'not_permitted', jsonb_build_object('needs', 'credits_admin'));
  END IF;
  RETURN credits.post_credit(customer_id, amount, transaction_type, coalesce(description, ''), stripe_payment_id,
    idempotency_key,
    credits.fingerprint(idempotency_key, ROW('add_credits', amount, transaction_type, description, stripe_payment_id, extract(epoch FROM expires_at)::text, priority, metadata)::text),
    nullif(expires_at, 'infinity'), priority, metadata);
END $$;
