-- True, or CR422 unless the quantity is whole and one that a meter of this formula (null: not known) takes; 15 digits are the
-- most that Stripe takes.
CREATE OR REPLACE FUNCTION credits.check_quantity(quantity numeric, formula text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF quantity BETWEEN 1 AND 999999999999999 AND quantity = trunc(quantity) AND (quantity = 1 OR formula IS DISTINCT FROM 'count') THEN
    RETURN true;
  ELSIF quantity = 0 AND formula = 'last' THEN
    RETURN true;
  END IF;
  PERFORM credits.refuse_argument('quantity', CASE
    WHEN quantity IS NULL THEN 'is required'
    WHEN quantity < 0 THEN 'must not be negative'
    WHEN quantity IN ('NaN', 'Infinity') THEN 'must be a whole number of units'
    WHEN quantity > 999999999999999 THEN 'has more than 15 digits, the most that Stripe takes'
    WHEN quantity <> trunc(quantity) THEN 'must be a whole number of units'
    WHEN quantity = 0 THEN 'must be at least 1'
    ELSE 'must be 1: this meter counts reports' END);
  RETURN false;
END $$;
