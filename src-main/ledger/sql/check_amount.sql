-- CR422 unless the amount is within 1 and 2^53 − 1.
CREATE OR REPLACE FUNCTION credits.check_amount(argument text, amount bigint) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF amount IS NULL THEN
    PERFORM credits.refuse_argument(argument, 'is required');
  ELSIF amount <= 0 THEN
    PERFORM credits.refuse_argument(argument, 'must be at least 1 credit');
  ELSIF amount > 9007199254740991 THEN
    PERFORM credits.refuse_argument(argument, 'is beyond 9007199254740991, the most the ledger holds');
  END IF;
END $$;
