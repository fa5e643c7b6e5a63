-- Who acts: the name that the client set as credits.actor, always with the database's own session user.
CREATE OR REPLACE FUNCTION credits.current_actor() RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN coalesce(current_setting('credits.actor', true), '') = '' THEN session_user::text
    ELSE left(current_setting('credits.actor', true), 200) || ' (' || session_user || ')' END
$$;
