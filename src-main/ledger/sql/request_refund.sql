-- Writes down that a payment is to be refunded by amount_minor (minor units of its currency), and holds what is left of
-- the credits the money stands for, before Stripe is asked: whatever happens then, the request is found and finished. The same
-- request_id with the same values answers with the first request.
-- Errors: CR422, CR404 stripe_payment, CR409 idempotency_conflict, CR410 already_reversed (left, asked: minor units).
CREATE OR REPLACE FUNCTION credits.request_refund(
  customer_id text, request_id uuid, stripe_payment_id text, amount_minor bigint, policy text, reason text
) RETURNS credits_billing.refund_requests
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  account credits.accounts;
  payment record;
  request credits_billing.refund_requests;
  hold credits.credit_holds;
  gone numeric;
  amount bigint;
  holdable bigint;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('stripe_payment_id', stripe_payment_id, 255, true);
  checked := credits.check_text('reason', reason, 1000, true);
  IF request_id IS NULL THEN
    PERFORM credits.refuse_argument('request_id', 'is required');
  ELSIF amount_minor IS NULL OR amount_minor <= 0 THEN
    PERFORM credits.refuse_argument('amount_minor', 'must be more than zero');
  ELSIF policy IS NULL OR policy NOT IN ('remaining', 'debt') THEN
    PERFORM credits.refuse_argument('policy', 'must be remaining or debt');
  END IF;
  account := credits.lock_account(customer_id);
  SELECT r.* INTO request FROM credits_billing.refund_requests r WHERE r.id = request_id;
  IF FOUND THEN
    IF (request.customer_id, request.stripe_payment_id, request.amount_minor, request.policy, request.reason)
      IS DISTINCT FROM (customer_id, stripe_payment_id, amount_minor, policy, reason) THEN
      PERFORM credits.fail('CR409', 'idempotency_conflict', jsonb_build_object('first_id', request.id));
    END IF;
    RETURN request;
  END IF;
  SELECT p.* INTO payment FROM credits.payment_position(customer_id, stripe_payment_id) p;
  IF NOT FOUND OR payment.payment_intent_id IS NULL THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'stripe_payment', 'id', stripe_payment_id));
  ELSIF amount_minor > payment.refundable_minor THEN
    PERFORM credits.fail('CR410', 'already_reversed', jsonb_build_object('left', payment.refundable_minor, 'asked', amount_minor,
      'currency', payment.currency));
  END IF;
  IF account.next_due_at <= clock_timestamp() THEN
    PERFORM credits.sweep_account(customer_id, clock_timestamp());
    account := credits.lock_account(customer_id);
  END IF;
  gone := payment.paid_minor - payment.refundable_minor;
  amount := div(payment.granted * (gone + amount_minor) + payment.paid_minor - 1, payment.paid_minor)
    - div(payment.granted * gone + payment.paid_minor - 1, payment.paid_minor);
  SELECT least(amount, coalesce(sum(o.remaining), 0), account.credits_balance - account.credits_held) INTO holdable
  FROM credits.own_grants(customer_id, payment.transaction_id) o;
  IF holdable > 0 THEN
    hold := credits.hold_credits(customer_id, holdable, 'Refund of ' || stripe_payment_id, NULL, 'refund:' || request_id, interval '90 days');
  END IF;
  INSERT INTO credits_billing.refund_requests AS r (id, customer_id, stripe_payment_id, amount_minor, policy, credits, hold_id,
    reason, actor, metadata)
  VALUES (request_id, customer_id, stripe_payment_id, amount_minor, policy, amount, hold.id, reason, credits.current_actor(),
    credits.with_context('{}'))
  RETURNING r.* INTO request;
  RETURN request;
END $$;
