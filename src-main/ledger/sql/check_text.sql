-- True, or CR422 where the text is missing though required, longer than max_length characters, or holds a control character
-- other than a line break or a tab.
CREATE OR REPLACE FUNCTION credits.check_text(argument text, value text, max_length integer, required boolean) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF required AND (value IS NULL OR btrim(value, E' \t\r\n') = '') THEN
    PERFORM credits.refuse_argument(argument, 'is required');
  ELSIF length(value) > max_length THEN
    PERFORM credits.refuse_argument(argument, 'is longer than ' || max_length || ' characters');
  ELSIF value ~ '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]' THEN
    PERFORM credits.refuse_argument(argument, 'holds a control character');
  END IF;
  RETURN true;
END $$;
