-- Whether a subscription in Stripe gives the customer a plan's credits: one of the bound account that has not ended.
CREATE OR REPLACE FUNCTION credits.has_plan_subscription(customer_id text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM credits_billing.subscriptions s
    WHERE s.customer_id = has_plan_subscription.customer_id AND s.plan_tier IS NOT NULL
      AND s.status NOT IN ('canceled', 'incomplete_expired')
      AND s.account_id = coalesce((SELECT w.account_id FROM credits_billing.stripe_settings w), s.account_id))
$$;
