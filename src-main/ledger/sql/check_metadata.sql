-- True, or CR422 unless the metadata is a JSON object of at most 16 kB.
CREATE OR REPLACE FUNCTION credits.check_metadata(metadata jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF metadata IS NULL OR jsonb_typeof(metadata) <> 'object' THEN
    PERFORM credits.refuse_argument('metadata', 'must be a JSON object');
  ELSIF pg_column_size(metadata) > 16384 THEN
    PERFORM credits.refuse_argument('metadata', 'is larger than 16 kB');
  END IF;
  RETURN true;
END $$;
