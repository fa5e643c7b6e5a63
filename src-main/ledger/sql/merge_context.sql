-- Metadata with a context merged into it: a JSON object that the client set, such as a person's reason code and case
-- link, under names of its own. CR422 where it is no object.
CREATE OR REPLACE FUNCTION credits.merge_context(metadata jsonb, context text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
  said jsonb;
BEGIN
  IF length(context) <= 4000 THEN
    BEGIN
      -- Not IS JSON: PostgreSQL 15 lacks it, and it passes what jsonb cannot hold, such as \u0000.
      said := context::jsonb;
    EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
      said := NULL;
    END;
  END IF;
  IF jsonb_typeof(said) IS DISTINCT FROM 'object' THEN
    PERFORM credits.refuse_argument('credits.context', 'must be a JSON object of at most 4000 characters');
  END IF;
  -- What the call and the ledger say of themselves stands: a meter's use is found by it, and a clawback's policy.
  RETURN said || metadata;
END $$;
