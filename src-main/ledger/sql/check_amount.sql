-- True, or CR422 unless the amount is within 1 and 2^53 − 1. The checks return true so that callers can assign them: an
-- expression costs a microsecond, a PERFORM seven.
CREATE OR REPLACE FUNCTION credits.check_amount(argument text, amount bigint) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF amount IS NULL THEN
    PERFORM credits.refuse_argument(argument, 'is required');
  ELSIF amount <= 0 THEN
    PERFORM credits.refuse_argument(argument, 'must be at least 1 credit');
  ELSIF amount > 9007199254740991 THEN
    PERFORM credits.refuse_argument(argument, 'is beyond 9007199254740991, the most the ledger holds');
  END IF;
  RETURN true;
END $$;
