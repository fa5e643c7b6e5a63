-- Metadata as it is stored: the call's own, and what the client set as credits.context for this transaction (a JSON
-- object, such as a person's reason code and case link). CR422 where the setting is not an object.
CREATE OR REPLACE FUNCTION credits.with_context(metadata jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
  context text := current_setting('credits.context', true);
BEGIN
  IF coalesce(context, '') = '' THEN
    RETURN metadata;
  END IF;
  IF NOT (context IS JSON OBJECT) OR length(context) > 4000 THEN
    PERFORM credits.refuse_argument('credits.context', 'must be a JSON object of at most 4000 characters');
  END IF;
  RETURN metadata || context::jsonb;
END $$;
