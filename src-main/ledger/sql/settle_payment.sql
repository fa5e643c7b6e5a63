-- Makes the ledger agree with the money that went back for one payment, as credits_billing.money_back has it: holds what is
-- left of a disputed purchase, claws back for refunds and lost disputes, gives back what was taken for refunds that
-- failed and disputes that were won. Returns the transactions it posted; none where all agrees already. Safe to repeat.
-- Errors: CR404 stripe_payment.
CREATE OR REPLACE FUNCTION credits.settle_payment(customer_id text, stripe_payment_id text)
RETURNS SETOF credits.credit_transactions
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, credits, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  checked boolean;
  account credits.accounts;
  provisioned credits.credit_transactions;
  posted credits.credit_transactions;
  hold credits.credit_holds;
  claim record;
  each record;
  amount bigint;
  covered bigint;
  times bigint;
  paid_minor bigint;
BEGIN
  checked := credits.check_text('customer_id', customer_id, 200, true);
  checked := credits.check_text('stripe_payment_id', stripe_payment_id, 255, true);
  account := credits.lock_account(customer_id);
  SELECT t.*, p.amount_minor INTO each FROM credits.stripe_payments p
  JOIN credits.credit_transactions t ON t.customer_id = p.customer_id AND t.id = p.transaction_id
  WHERE p.customer_id = customer_id AND p.stripe_payment_id = stripe_payment_id;
  IF NOT FOUND THEN
    PERFORM credits.fail('CR404', 'not_found', jsonb_build_object('entity', 'stripe_payment', 'id', stripe_payment_id));
  END IF;
  paid_minor := each.amount_minor;
  SELECT t.* INTO provisioned FROM credits.credit_transactions t WHERE t.customer_id = customer_id AND t.id = each.id;
  IF account.next_due_at <= clock_timestamp() THEN
    PERFORM credits.sweep_account(customer_id, clock_timestamp());
  END IF;

  -- First what comes back: it may be what another claim takes.
  FOR claim IN SELECT c.* FROM credits.money_back_claims(customer_id, stripe_payment_id) c WHERE c.asked > c.wanted LOOP
    FOR each IN
      SELECT x.id, x.amount, coalesce(sum(v.amount), 0) AS reversed, count(v.id) AS reversals,
        count(*) FILTER (WHERE v.idempotency_key LIKE 'stripe:return:%') AS returned
      FROM credits.credit_transactions x
      LEFT JOIN credits.credit_transactions v ON v.customer_id = x.customer_id AND v.reverses_id = x.id
      WHERE x.customer_id = customer_id AND x.stripe_payment_id = stripe_payment_id AND x.transaction_type = 'clawback'
        AND x.metadata ->> 'money_back_id' = claim.money_back_id
      GROUP BY x.id, x.amount ORDER BY x.id DESC
    LOOP
      CONTINUE WHEN each.returned > 0 OR (each.amount = 0 AND each.reversals > 0) OR (each.amount < 0 AND each.reversed = -each.amount);
      posted := credits.reverse_transaction(customer_id, each.id,
        CASE claim.kind WHEN 'refund' THEN 'Refund ' ELSE 'Dispute ' END || claim.money_back_id || ' is ' || claim.status,
        NULL, 'stripe:return:' || each.id);
      RETURN NEXT posted;
    END LOOP;
  END LOOP;

  FOR claim IN SELECT c.* FROM credits.money_back_claims(customer_id, stripe_payment_id) c LOOP
    covered := 0;
    SELECT h.* INTO hold FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.id = claim.hold_id AND h.state = 'open' AND h.expires_at > clock_timestamp();
    CONTINUE WHEN claim.is_open;
    IF hold.id IS NOT NULL THEN
      PERFORM credits.release_hold(customer_id, hold.id);
      account := credits.lock_account(customer_id);
      -- A clawback may have taken what was held.
      covered := least(hold.amount, greatest(0, account.credits_balance - account.credits_held));
    END IF;
    amount := least(claim.wanted - claim.asked, credits.payment_unsettled(customer_id, provisioned.id));
    CONTINUE WHEN amount <= 0;
    SELECT count(*) INTO times FROM credits.credit_transactions x
    WHERE x.customer_id = customer_id AND x.stripe_payment_id = stripe_payment_id AND x.transaction_type = 'clawback'
      AND x.metadata ->> 'money_back_id' = claim.money_back_id;
    posted := credits.post_clawback(customer_id, provisioned, amount, claim.policy, covered,
      'stripe:clawback:' || claim.money_back_id || ':' || times + 1, NULL,
      jsonb_build_object('money_back_id', claim.money_back_id, 'kind', claim.kind));
    RETURN NEXT posted;
  END LOOP;

  -- Holds come last, so that they are the same in whatever order refunds and disputes were seen: what the disputed money
  -- stands for, as far as other money back has not taken it, and as far as it was there when it could be held.
  FOR claim IN
    SELECT c.*, sum(c.wanted) OVER () AS gone FROM credits.money_back_claims(customer_id, stripe_payment_id) c
  LOOP
    CONTINUE WHEN NOT claim.is_open;
    SELECT h.* INTO hold FROM credits.credit_holds h
    WHERE h.customer_id = customer_id AND h.id = claim.hold_id AND h.state = 'open' AND h.expires_at > clock_timestamp();
    -- A hold that is over, or that a person released, stays so.
    CONTINUE WHEN claim.hold_id IS NOT NULL AND hold.id IS NULL;
    covered := coalesce(hold.amount, 0);
    account := credits.lock_account(customer_id);
    amount := least(provisioned.amount - claim.gone,
      div(provisioned.amount::numeric * least(claim.amount_minor, paid_minor) + paid_minor - 1, paid_minor));
    IF covered <= amount THEN
      -- What was spent since from elsewhere does not make it smaller.
      SELECT greatest(covered, least(amount, coalesce(sum(o.remaining), 0),
        account.credits_balance - account.credits_held + covered)) INTO amount
      FROM credits.own_grants(customer_id, provisioned.id) o;
    ELSE
      amount := greatest(0, least(amount, account.credits_balance - account.credits_held + covered));
    END IF;
    CONTINUE WHEN amount = covered;
    IF hold.id IS NOT NULL THEN
      PERFORM credits.release_hold(customer_id, hold.id);
    END IF;
    IF amount > 0 THEN
      SELECT count(*) INTO times FROM credits.credit_holds h
      WHERE h.customer_id = customer_id AND starts_with(h.idempotency_key, 'dispute:' || claim.money_back_id);
      hold := credits.hold_credits(customer_id, amount, 'Dispute ' || claim.money_back_id, NULL,
        'dispute:' || claim.money_back_id || CASE times WHEN 0 THEN '' ELSE ':' || times + 1 END, interval '1 year');
    END IF;
    UPDATE credits_billing.money_back m SET hold_id = CASE WHEN amount > 0 THEN hold.id END WHERE m.id = claim.money_back_id;
  END LOOP;
END $$;
