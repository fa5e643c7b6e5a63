-- True, or CR422 where the text is missing though required, longer than max_length characters, or holds a control character
-- other than a line break or a tab.
CREATE OR REPLACE FUNCTION credits.check_text(argument text, value text, max_length integer, required boolean) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  -- The common case in one expression: each one is set up anew in every database transaction.
  IF (value IS NULL AND NOT required)
    OR (length(value) <= max_length AND value !~ '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]'
      AND (NOT required OR btrim(value, E' \t\r\n') <> '')) THEN
    RETURN true;
  END IF;
  IF required AND (value IS NULL OR btrim(value, E' \t\r\n') = '') THEN
    PERFORM credits.refuse_argument(argument, 'is required');
  ELSIF length(value) > max_length THEN
    PERFORM credits.refuse_argument(argument, 'is longer than ' || max_length || ' characters');
  END IF;
  PERFORM credits.refuse_argument(argument, 'holds a control character');
  RETURN false;
END $$;
