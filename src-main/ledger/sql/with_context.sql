-- Metadata as it is stored: the call's own, and what the client set as credits.context for this transaction. Plain
-- enough for the planner to put it in line.
CREATE OR REPLACE FUNCTION credits.with_context(metadata jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN coalesce(current_setting('credits.context', true), '') = '' THEN metadata
    ELSE credits.merge_context(metadata, current_setting('credits.context', true)) END
$$;
