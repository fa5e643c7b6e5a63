-- 0: enough, 1: low (below the threshold), 2: empty (nothing left, or less). Plain enough to be put in line.
CREATE OR REPLACE FUNCTION credits.balance_level(balance bigint, threshold bigint) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN balance <= 0 THEN 2 WHEN balance < threshold THEN 1 ELSE 0 END
$$;
