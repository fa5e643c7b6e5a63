-- Sets the plan a customer is on; null: none. Moves no credits. Errors: CR422, CR404.
CREATE OR REPLACE FUNCTION credits.set_plan_tier(customer_id text, plan_tier text) RETURNS credits.customers
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  changed credits.customers;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('plan_tier', plan_tier, 100, false);
  PERFORM credits.lock_account(customer_id);
  UPDATE credits.customers c SET plan_tier = nullif(plan_tier, '')
  WHERE c.id = customer_id RETURNING c.* INTO changed;
  RETURN changed;
END $$;
