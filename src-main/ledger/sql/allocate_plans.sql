-- Gives customers on a plan its monthly credits where the plan says so and no subscription in Stripe does it: once per customer
-- and month of UTC, with the plan's rollover rule; returns how many got them. At most `batch` customers a call, so call until it
-- returns 0. A customer whose account is locked by other work, or whose balance has no room, is left to a later run; safe to
-- run anywhere, any number of times, side by side. Errors: CR422.
CREATE OR REPLACE FUNCTION credits.allocate_plans(as_of timestamptz DEFAULT now(), batch integer DEFAULT 200)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
DECLARE
  each record;
  plan credits_billing.plans;
  month_start date;
  ends_at timestamptz;
  posted credits.credit_transactions;
  allocated bigint := 0;
BEGIN
  IF as_of IS NULL OR NOT isfinite(as_of) THEN
    PERFORM credits.refuse_argument('as_of', 'is required');
  ELSIF as_of > clock_timestamp() + interval '1 minute' THEN
    PERFORM credits.refuse_argument('as_of', 'is in the future');
  END IF;
  IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
    PERFORM credits.refuse_argument('batch', 'must be between 1 and 100000');
  END IF;
  month_start := date_trunc('month', as_of AT TIME ZONE 'UTC')::date;
  ends_at := (month_start + interval '1 month') AT TIME ZONE 'UTC';
  -- No LIMIT: those that have to be left out now must not stand in the way of the others.
  FOR each IN
    SELECT due.customer_id
    FROM (
      SELECT c.id AS customer_id
      FROM credits_billing.plans p JOIN credits.customers c ON c.plan_tier = p.tier
      WHERE p.active AND p.allocates_without_subscription AND p.monthly_credits > 0 AND c.created_at <= as_of
        AND NOT EXISTS (
          SELECT FROM credits_billing.plan_allocations a WHERE a.customer_id = c.id AND a.period = month_start)
      -- Holds the planner to this order: else it asks for the subscription of everybody, also of those who have got theirs.
      OFFSET 0
    ) due
    WHERE NOT credits.has_plan_subscription(due.customer_id)
  LOOP
    EXIT WHEN allocated >= batch;
    PERFORM FROM credits.accounts a WHERE a.customer_id = each.customer_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    -- Under the lock once more: another run, another plan or a subscription may have come first.
    SELECT p.* INTO plan
    FROM credits.customers c JOIN credits_billing.plans p ON p.tier = c.plan_tier
    WHERE c.id = each.customer_id AND p.active AND p.allocates_without_subscription AND p.monthly_credits > 0
      AND NOT EXISTS (
        SELECT FROM credits_billing.plan_allocations a WHERE a.customer_id = c.id AND a.period = month_start)
      AND NOT credits.has_plan_subscription(c.id);
    CONTINUE WHEN NOT FOUND;
    BEGIN
      IF plan.rollover = 'cap' THEN
        PERFORM credits.expire_surplus(each.customer_id, plan.rollover_cap);
      END IF;
      posted := credits.post_credit(each.customer_id, plan.monthly_credits, 'subscription_allocation',
        plan.name || ' plan, ' || to_char(month_start, 'YYYY-MM-DD') || ' to ' || to_char(ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
        NULL, NULL, NULL, CASE WHEN plan.rollover = 'expire' THEN ends_at END, 100,
        jsonb_build_object('plan', plan.tier, 'period', month_start));
      INSERT INTO credits_billing.plan_allocations (customer_id, period, plan_tier, transaction_id)
      VALUES (each.customer_id, month_start, plan.tier, posted.id);
      allocated := allocated + 1;
    EXCEPTION WHEN SQLSTATE 'CR422' THEN
      -- No room in the balance: the other customers get theirs.
      CONTINUE;
    END;
  END LOOP;
  RETURN allocated;
END $$;
