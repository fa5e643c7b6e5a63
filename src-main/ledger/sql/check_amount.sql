-- True, or CR422 unless the amount is within 1 and 2^53 − 1. The checks return true so that callers can assign them: an
-- expression costs a microsecond, a PERFORM seven.
CREATE OR REPLACE FUNCTION credits.check_amount(argument text, amount bigint) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF amount BETWEEN 1 AND 9007199254740991 THEN
    RETURN true;
  END IF;
  PERFORM credits.refuse_argument(argument, CASE
    WHEN amount IS NULL THEN 'is required'
    WHEN amount <= 0 THEN 'must be at least 1 credit'
    ELSE 'is beyond 9007199254740991, the most the ledger holds' END);
  RETURN false;
END $$;
