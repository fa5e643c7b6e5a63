-- Who may do what. Applied after the functions, from nothing each time: what is not granted here is not granted.
-- Support includes reader, and admin includes support and service, by membership (made with the roles themselves).
-- No role but the owner writes a table: the functions are the only way in.
REVOKE ALL ON SCHEMA credits FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA credits FROM PUBLIC, credits_reader, credits_support, credits_service, credits_admin;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA credits FROM PUBLIC, credits_reader, credits_support, credits_service, credits_admin;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA credits FROM PUBLIC, credits_reader, credits_support, credits_service, credits_admin;

GRANT USAGE ON SCHEMA credits TO credits_reader, credits_support, credits_service, credits_admin;
-- Which version the schema has, everybody may know.
GRANT SELECT ON credits.schema_state, credits.schema_migrations TO credits_service;

-- The work tables of the money side, in a schema of their own: no rule about credits rests on who writes them.
REVOKE ALL ON SCHEMA credits_billing FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA credits_billing FROM PUBLIC, credits_reader, credits_support, credits_service, credits_admin;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA credits_billing FROM PUBLIC, credits_reader, credits_support, credits_service, credits_admin;
GRANT USAGE ON SCHEMA credits_billing TO credits_reader, credits_support, credits_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA credits_billing TO credits_reader;
-- Support sells and refunds: it writes what it orders, and notes what came of its requests.
GRANT INSERT, UPDATE ON credits_billing.checkouts, credits_billing.stripe_object_versions TO credits_support;
GRANT UPDATE (attempts, error, changed_at) ON credits_billing.refund_requests TO credits_support;
-- It says who gets no e-mail.
GRANT INSERT, UPDATE, DELETE ON credits_billing.email_suppressions TO credits_support;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA credits_billing TO credits_admin;

-- Reader: finance and whoever looks.
GRANT SELECT ON ALL TABLES IN SCHEMA credits TO credits_reader;
GRANT EXECUTE ON FUNCTION
  credits.get_credit_balance, credits.get_balance, credits.get_usage_summary, credits.check_integrity, credits.due_grants,
  credits.own_grants, credits.fold_usage, credits.payment_position, credits.money_back_claims, credits.check_credits,
  credits.preview_burn
  TO credits_reader;

-- Support: what a person does, on top of reading.
GRANT EXECUTE ON FUNCTION
  credits.add_credits, credits.adjust_credits, credits.reverse_transaction, credits.extend_grant, credits.release_hold,
  credits.ensure_customer, credits.add_customer_note, credits.request_refund, credits.refuse_refund,
  credits.record_money_back, credits.settle_payment, credits.link_stripe_customer, credits.report_usage,
  credits.set_low_balance_threshold
  TO credits_support;

-- Service: what a back end does. It grants nothing and reads no tables.
GRANT EXECUTE ON FUNCTION
  credits.deduct_credits, credits.use_feature, credits.hold_credits, credits.capture_hold, credits.release_hold,
  credits.get_credit_balance, credits.get_balance, credits.get_usage_summary, credits.ensure_customer, credits.fold_usage,
  credits.report_usage, credits.hold_feature, credits.check_credits, credits.available_now, credits.find_api_key,
  credits.note_api_key_use
  TO credits_service;

-- Admin: all of it, and what neither a person nor a back end does.
GRANT EXECUTE ON FUNCTION credits.claw_back, credits.expire_credits, credits.provision_payment, credits.set_plan_tier,
  credits.batch_usage, credits.set_feature_cost, credits.withdraw_feature_cost, credits.watch_balances, credits.allocate_plans
  TO credits_admin;
