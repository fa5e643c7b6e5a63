-- Metadata with a context merged into it: a JSON object that the client set, such as a person's reason code and case
-- link, under names of its own. CR422 where it is no object.
CREATE OR REPLACE FUNCTION credits.merge_context(metadata jsonb, context text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT (context IS JSON OBJECT) OR length(context) > 4000 THEN
    PERFORM credits.refuse_argument('credits.context', 'must be a JSON object of at most 4000 characters');
  END IF;
  -- What the call and the ledger say of themselves stands: a meter's use is found by it, and a clawback's policy.
  RETURN context::jsonb || metadata;
END $$;
