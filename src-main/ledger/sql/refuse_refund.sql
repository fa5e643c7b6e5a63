-- Ends a refund request that Stripe refused for good: its hold is released, and why stays with it. A request that was
-- refunded meanwhile stays as it is. Errors: CR422, CR404.
CREATE OR REPLACE FUNCTION credits.refuse_refund(customer_id text, request_id uuid, why text)
RETURNS credits_billing.refund_requests
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  request credits_billing.refund_requests;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('why', why, 1000, true);
  PERFORM credits.lock_account(customer_id);
  SELECT r.* INTO request FROM credits_billing.refund_requests r WHERE r.id = request_id AND r.customer_id = customer_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'refund_request', 'id', request_id));
  ELSIF request.state <> 'requested' THEN
    RETURN request;
  END IF;
  IF EXISTS (SELECT FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.id = request.hold_id AND h.state = 'open' AND h.expires_at > clock_timestamp()) THEN
    PERFORM credits.release_hold(customer_id, request.hold_id);
  END IF;
  UPDATE credits_billing.refund_requests r SET state = 'refused', error = why, changed_at = clock_timestamp()
  WHERE r.id = request_id RETURNING r.* INTO request;
  RETURN request;
END $$;
