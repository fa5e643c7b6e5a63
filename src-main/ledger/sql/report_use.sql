-- Reports a use that was posted to the meter it names, once: the transaction's id is the key, so that a repeat, which returns
-- the first transaction, reports nothing more.
CREATE OR REPLACE FUNCTION credits.report_use(posted credits.credit_transactions, event_name text, quantity bigint) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
  INSERT INTO credits.usage_reports (customer_id, event_name, quantity, occurred_at, idempotency_key, fingerprint, transaction_id,
    actor, metadata)
  SELECT posted.customer_id, event_name, quantity, posted.created_at, 'transaction:' || posted.id,
    md5('transaction:' || posted.id)::uuid, posted.id, posted.actor, '{}'
  -- A repeat that overtook the binding returns a use that was deducted and is not to be billed too: whatever its client wrote
  -- into its metadata, another database transaction posted it.
  WHERE posted.metadata ->> 'meter' = event_name AND posted.recorded_in = pg_current_xact_id()
  ON CONFLICT ON CONSTRAINT usage_reports_idempotency DO NOTHING;
END $$;
