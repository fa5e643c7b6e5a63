-- Takes back a price that is still to come, and returns it. Errors: CR422 (it holds already), CR404.
CREATE OR REPLACE FUNCTION credits.withdraw_feature_cost(feature text, valid_from timestamptz) RETURNS credits.feature_costs
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  withdrawn credits.feature_costs;
BEGIN
  checked := credits.check_text('feature', feature, 200, true);
  IF valid_from IS NULL THEN
    PERFORM credits.refuse_argument('valid_from', 'is required');
  ELSIF valid_from <= clock_timestamp() THEN
    PERFORM credits.refuse_argument('valid_from', 'is not in the future: this price holds already');
  END IF;
  DELETE FROM credits.feature_costs f WHERE f.feature = feature AND f.valid_from = valid_from RETURNING f.* INTO withdrawn;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'feature', 'id', feature));
  END IF;
  RETURN withdrawn;
END $$;
