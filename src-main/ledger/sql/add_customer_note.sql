-- Adds a note of a person to the customer's record; notes are never changed. Errors: CR422, CR404.
CREATE OR REPLACE FUNCTION credits.add_customer_note(customer_id text, note text) RETURNS credits.customer_notes
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  added credits.customer_notes;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('note', note, 4000, true);
  PERFORM FROM credits.customers c WHERE c.id = customer_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'customer', 'id', customer_id));
  END IF;
  INSERT INTO credits.customer_notes AS n (customer_id, note, actor)
  VALUES (customer_id, note, credits.current_actor()) RETURNING n.* INTO added;
  RETURN added;
END $$;
