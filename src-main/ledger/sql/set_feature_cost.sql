-- Sets what a feature costs from an instant on (null: now), in credits a unit, and whether it can be used; earlier uses keep
-- their price. The same price as now changes nothing. A price that is still to come is replaced by another one of its instant.
-- Errors: CR422.
CREATE OR REPLACE FUNCTION credits.set_feature_cost(
  feature text, cost bigint, unit text DEFAULT 'use', active boolean DEFAULT true, valid_from timestamptz DEFAULT NULL
) RETURNS credits.feature_costs
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  now timestamptz := clock_timestamp();
  set_cost credits.feature_costs;
BEGIN
  checked := credits.check_text('feature', feature, 200, true);
  IF feature ~ '[\x01-\x1f\x7f]' OR feature <> btrim(feature) THEN
    PERFORM credits.refuse_argument('feature', 'begins or ends with a space, or holds a control character');
  END IF;
  checked := credits.check_amount('cost', cost);
  checked := credits.check_text('unit', unit, 40, true);
  -- To the millisecond, so that every client can name the price again.
  valid_from := date_trunc('milliseconds', valid_from);
  IF active IS NULL THEN
    PERFORM credits.refuse_argument('active', 'is required');
  ELSIF valid_from < now THEN
    PERFORM credits.refuse_argument('valid_from', 'is in the past: what was used keeps its price');
  ELSIF valid_from > now + interval '10 years' THEN
    PERFORM credits.refuse_argument('valid_from', 'is more than 10 years ahead');
  END IF;
  IF valid_from IS NULL THEN
    SELECT f.* INTO set_cost FROM credits.feature_costs f
    WHERE f.feature = feature AND f.valid_from <= now ORDER BY f.valid_from DESC LIMIT 1;
    IF FOUND AND set_cost.cost = cost AND set_cost.unit = unit AND set_cost.active = active THEN
      RETURN set_cost;
    END IF;
  END IF;
  INSERT INTO credits.feature_costs AS f (feature, valid_from, cost, unit, active, changed_by, changed_at)
  VALUES (feature, coalesce(valid_from, now), cost, unit, active, credits.current_actor(), now)
  ON CONFLICT ON CONSTRAINT feature_costs_pkey DO UPDATE
  SET cost = excluded.cost, unit = excluded.unit, active = excluded.active, changed_by = excluded.changed_by, changed_at = excluded.changed_at
  WHERE f.valid_from > now
  RETURNING f.* INTO set_cost;
  IF NOT FOUND THEN
    -- Somebody else's of this very instant.
    PERFORM credits.refuse_argument('valid_from', 'is taken by a price that holds already');
  END IF;
  RETURN set_cost;
END $$;
