-- Whether a customer can pay for something now: `cost` credits, or `quantity` of a feature at its present price (0 where a
-- meter bills it instead). Moves and reserves nothing: between this and a deduction others may spend; hold_feature reserves.
-- Errors: CR422 (both, or neither, of cost and feature), CR404 (customer, feature).
CREATE OR REPLACE FUNCTION credits.check_credits(
  customer_id text, cost bigint DEFAULT NULL, feature text DEFAULT NULL, quantity bigint DEFAULT 1,
  OUT sufficient boolean, OUT required bigint, OUT balance bigint, OUT held bigint, OUT available bigint,
  OUT unit_cost bigint, OUT unit text, OUT event_name text, OUT mode text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  IF (cost IS NULL) = (feature IS NULL) THEN
    PERFORM credits.refuse_argument('cost', 'or feature is required, and not both');
  END IF;
  IF cost IS NOT NULL THEN
    checked := credits.check_amount('cost', cost);
    required := cost;
  ELSE
    checked := credits.check_text('feature', feature, 200, true);
    checked := credits.check_amount('quantity', quantity);
    SELECT p.unit_cost, p.unit, p.event_name, p.mode, p.required INTO unit_cost, unit, event_name, mode, required
    FROM credits.price_use(customer_id, feature, quantity) p;
  END IF;
  SELECT b.balance, b.held, b.available INTO balance, held, available FROM credits.get_balance(customer_id) b;
  -- What costs nothing is never refused, whatever is owed.
  sufficient := required = 0 OR available >= required;
END $$;
