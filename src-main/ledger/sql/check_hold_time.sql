-- True, or CR422 unless a hold may last this long.
CREATE OR REPLACE FUNCTION credits.check_hold_time(expires_in interval) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  -- In seconds: as an interval, 365 days are more than a year, which PostgreSQL then takes for 360 of them.
  IF expires_in IS NULL OR expires_in <= interval '0'
    OR extract(epoch FROM expires_in) > extract(epoch FROM interval '1 year') THEN
    PERFORM credits.refuse_argument('expires_in', 'must be longer than nothing and at most a year');
  END IF;
  RETURN true;
END $$;
