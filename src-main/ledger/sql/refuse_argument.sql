-- CR422 invalid_argument {"argument", "why"}.
CREATE OR REPLACE FUNCTION credits.refuse_argument(argument text, why text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM credits.fail('CR422', 'invalid_argument', jsonb_build_object('argument', argument, 'why', why));
END $$;
