-- True, or CR422 unless a hold may last this long.
CREATE OR REPLACE FUNCTION credits.check_hold_time(expires_in interval) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF expires_in IS NULL OR expires_in <= interval '0' OR expires_in > interval '1 year' THEN
    PERFORM credits.refuse_argument('expires_in', 'must be longer than nothing and at most a year');
  END IF;
  RETURN true;
END $$;
