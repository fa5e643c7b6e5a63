import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listFindings } from '#main/stripe/reconciliation/findings.ts';
import { previewRepair, repairFinding } from '#main/stripe/reconciliation/repair-finding.ts';
import { takeRun } from '#main/stripe/reconciliation/run-lease.ts';
import { continueRun, startRun } from '#main/stripe/reconciliation/run-reconciliation.ts';
import { getRun, type Run } from '#main/stripe/reconciliation/runs.ts';
import { advance, changePlan } from '#main/stripe-simulator/billing-control.ts';
import { refundCharge } from '#main/stripe-simulator/control.ts';
import {
  failLastRefund,
  moneyBack,
  nextMonth,
  openShop,
  type Shop,
  type Sold,
} from '#test/support/reconciliation-world.ts';
import { createWorkbench, type Workbench } from '#test/support/stripe-workbench.ts';

const SEED = 20_261_122;

async function reconcile(bench: Workbench, since?: Date): Promise<Run> {
  const run = await startRun(bench.target, since);
  return continueRun(bench.target, await takeRun(bench.target, run.id));
}

async function findingsOf(bench: Workbench, { id }: Pick<Run, 'id'>) {
  return listFindings(bench.target.database, { runId: id, bucket: null });
}

/** What was found: bucket, and the object in Stripe or the payment in the ledger. */
async function foundBy(bench: Workbench, run: Run): Promise<string[]> {
  const findings = await findingsOf(bench, run);
  return findings
    .map(
      ({ bucket, stripePaymentId, customerId }) => `${bucket} ${stripePaymentId} of ${customerId}`,
    )
    .sort();
}

async function rowCount(bench: Workbench): Promise<number> {
  const [row] = await bench.rows<{ count: number }>(
    'SELECT count(*)::integer AS count FROM credits.credit_transactions',
  );
  return row?.count ?? -1;
}

/** As a back end that provisions by itself would. */
async function addPurchase(
  bench: Workbench,
  grant: { customerId: string; credits: number; paymentId: string | null; type?: string },
): Promise<string> {
  const [row] = await bench.rows<{ id: string }>(
    `SELECT f.id::text FROM credits.add_credits($1, $2, $3, 'By a back end', stripe_payment_id => $4) f`,
    [grant.customerId, grant.credits, grant.type ?? 'purchase', grant.paymentId],
  );
  return row?.id ?? '';
}

describe('a shop of 300 purchases, invoices, refunds and disputes, of which some were lost or corrupted', () => {
  let bench: Workbench;
  let shop: Shop;
  const expected: string[] = [];
  const sold: Sold[] = [];
  let edited: Sold;
  let editedUngranted: Sold;
  let first: Run;

  /** Takes purchases that nothing happened to yet. */
  const untouched = () => {
    const next = sold.shift();
    if (next === undefined) throw new Error('everything was sold');
    return next;
  };

  beforeAll(async () => {
    bench = await createWorkbench();
    shop = await openShop(bench, 25, SEED);
    const { random, customers } = shop;
    const anyone = () => customers[random.below(customers.length)] ?? 'user_1';

    for (const [index, customerId] of customers.slice(0, 12).entries()) {
      await shop.subscribe(customerId, [100, 500][index % 2] ?? 100);
      // Some have two subscriptions at once.
      if (index % 4 === 0) await shop.subscribe(customerId, 250);
    }
    for (let n = 0; n < 210; n += 1) sold.push(await shop.sell(anyone()));
    // What the account sells besides has nothing to do with credits.
    for (let n = 0; n < 5; n += 1) {
      await bench.buy({ customerId: 'nobody', credits: 5, amountMinor: 700, metadata: {} });
    }
    const refunded = sold.splice(0, 60);
    const kinds = refunded.map((each) => moneyBack(shop, each));

    // Events that never came, a random 1% and at least some of each kind.
    const lost = new Set<string>();
    const lose = (ids: string[], atLeast: number) => {
      for (const id of ids) if (random.next() < 0.01) lost.add(id);
      while (ids.filter((id) => lost.has(id)).length < atLeast) {
        lost.add(ids[random.below(ids.length)] ?? '');
      }
    };
    lose(
      sold.slice(0, 130).map(({ sessionId }) => sessionId),
      3,
    );
    lose(
      refunded.flatMap(({ paymentIntentId }, index) =>
        kinds[index] === 'open dispute' ? [] : [paymentIntentId],
      ),
      4,
    );
    lose(
      shop.invoices().map(({ invoiceId }) => invoiceId),
      2,
    );
    const dropped = sold.filter(({ sessionId }) => lost.has(sessionId));
    for (const { paymentIntentId, customerId } of dropped) {
      expected.push(`missing_grant ${paymentIntentId} of ${customerId}`);
    }
    for (const each of dropped) sold.splice(sold.indexOf(each), 1);
    for (const { paymentIntentId, customerId } of refunded) {
      if (lost.has(paymentIntentId))
        expected.push(`unclawed_refund ${paymentIntentId} of ${customerId}`);
    }
    for (const { invoiceId, customerId } of shop.invoices()) {
      if (lost.has(invoiceId)) expected.push(`missing_grant ${invoiceId} of ${customerId}`);
    }

    // Purchases that a back end granted wrongly before the console heard of them.
    const tooMany = untouched();
    const tooFew = untouched();
    const otherCustomer = untouched();
    const other = customers.find((id) => id !== otherCustomer.customerId) ?? '';
    await addPurchase(bench, {
      customerId: tooMany.customerId,
      credits: tooMany.credits + 7,
      paymentId: tooMany.paymentIntentId,
    });
    await addPurchase(bench, {
      customerId: tooFew.customerId,
      credits: tooFew.credits - 3,
      paymentId: tooFew.paymentIntentId,
    });
    await addPurchase(bench, {
      customerId: other,
      credits: otherCustomer.credits,
      paymentId: otherCustomer.paymentIntentId,
    });
    for (const { paymentIntentId, customerId } of [tooMany, tooFew]) {
      expected.push(`amount_differs ${paymentIntentId} of ${customerId}`);
    }
    expected.push(
      `orphan_grant ${otherCustomer.paymentIntentId} of ${other}`,
      `missing_grant ${otherCustomer.paymentIntentId} of ${otherCustomer.customerId}`,
    );
    // One that a back end granted right and never said what was paid: its refund cannot be settled by events.
    const unknown = untouched();
    lost.add(unknown.sessionId);
    await addPurchase(bench, {
      customerId: unknown.customerId,
      credits: unknown.credits,
      paymentId: unknown.paymentIntentId,
    });
    refundCharge(bench.simulator.world, unknown.chargeId);
    expected.push(`unclawed_refund ${unknown.paymentIntentId} of ${unknown.customerId}`);
    editedUngranted = untouched();
    lost.add(editedUngranted.sessionId);
    await shop.deliver(lost);

    // A month later: renewals, one allocated wrongly, and refunds that failed after all.
    nextMonth(shop);
    const renewals = shop.invoices().slice(0, 5);
    const [wrong] = renewals;
    if (!wrong) throw new Error('nothing was renewed');
    const lostLater = new Set([wrong.invoiceId]);
    await addPurchase(bench, {
      customerId: wrong.customerId,
      credits: wrong.credits + 1,
      paymentId: wrong.invoiceId,
      type: 'subscription_allocation',
    });
    expected.push(`amount_differs ${wrong.invoiceId} of ${wrong.customerId}`);
    const failing = refunded.filter(
      ({ paymentIntentId }, index) =>
        kinds[index]?.endsWith('refund') && !lost.has(paymentIntentId),
    );
    for (const [index, each] of failing.slice(0, 6).entries()) {
      failLastRefund(shop, each);
      if (index % 2 === 0) continue;
      lostLater.add(each.paymentIntentId);
      expected.push(`amount_differs ${each.paymentIntentId} of ${each.customerId}`);
    }
    await shop.deliver(lostLater);

    // Corruptions of a ledger that was right.
    const twice = untouched();
    await addPurchase(bench, {
      customerId: twice.customerId,
      credits: twice.credits,
      paymentId: twice.sessionId,
    });
    expected.push(`double_grant ${twice.sessionId} of ${twice.customerId}`);
    for (const paymentId of ['pi_never', 'cs_test_never', 'in_never', 'paid by hand', null]) {
      await addPurchase(bench, { customerId: 'user_7', credits: 31, paymentId });
      expected.push(`orphan_grant ${paymentId} of user_7`);
    }
    edited = untouched();
    expected.push(
      `amount_differs ${edited.paymentIntentId} of ${edited.customerId}`,
      `missing_grant ${editedUngranted.paymentIntentId} of ${editedUngranted.customerId}`,
    );
    for (const { sessionId } of [edited, editedUngranted]) {
      await bench.stripe.checkout.sessions.update(sessionId, { metadata: { credits: '100000' } });
    }

    // What people put right themselves is no difference.
    const reversedTwice = untouched();
    const reversed = untouched();
    const again = await addPurchase(bench, {
      customerId: reversedTwice.customerId,
      credits: reversedTwice.credits,
      paymentId: reversedTwice.sessionId,
    });
    await bench.rows(`SELECT credits.reverse_transaction($1, $2, 'Granted twice')`, [
      reversedTwice.customerId,
      again,
    ]);
    await bench.rows(
      `SELECT credits.reverse_transaction(p.customer_id, p.transaction_id, 'Not wanted') FROM credits.stripe_payments p
       WHERE p.stripe_payment_id = $1`,
      [reversed.paymentIntentId],
    );
    // Payments of another account.
    for (const paymentId of ['pi_demo_1', 'pi_demo_2']) {
      await addPurchase(bench, { customerId: 'user_8', credits: 5, paymentId });
    }
    await bench.rows(
      `UPDATE credits.stripe_payments SET account_id = 'demo' WHERE stripe_payment_id LIKE 'pi_demo%'`,
    );
    first = await reconcile(bench);
    expected.sort();
  }, 120_000);
  afterAll(() => bench.dispose());

  it('finds exactly what differs, each in its bucket', async () => {
    expect(await foundBy(bench, first)).toEqual(expected);
    expect(first).toMatchObject({ state: 'done', phase: 'done', error: null });
    const { sessions = 0, invoices = 0, refunds = 0, disputes = 0, elsewhere } = first.checked;
    expect(sessions).toBe(210);
    expect(sessions + invoices + refunds + disputes).toBeGreaterThanOrEqual(300);
    expect(elsewhere).toBe(2);
    expect(new Set((await findingsOf(bench, first)).map(({ bucket }) => bucket)).size).toBe(5);
  });

  it('posts nothing by looking, and finds the same in every run', async () => {
    const before = await rowCount(bench);
    const second = await reconcile(bench);
    const ids = async (run: Run) => (await findingsOf(bench, run)).map(({ id }) => id);
    expect(await ids(second)).toEqual(await ids(first));
    expect(second.checked).toEqual(first.checked);
    expect(await rowCount(bench)).toBe(before);
  });

  it('that is paused after every page and taken up again finds what one in one piece does', async () => {
    const { id } = await startRun(bench.target, undefined);
    let run = await getRun(bench.target.database, id);
    let pauses = 0;
    while (run.state !== 'done') {
      const controller = new AbortController();
      run = await continueRun(bench.target, await takeRun(bench.target, id), {
        signal: controller.signal,
        onProgress: () => controller.abort(),
      });
      if (run.state === 'paused') pauses += 1;
    }
    expect(pauses).toBeGreaterThan(6);
    expect(await foundBy(bench, run)).toEqual(expected);
    expect(run.checked).toEqual(first.checked);
  });

  it('that Stripe cuts off has failed, says why, and can be taken up again', async () => {
    const { id } = await startRun(bench.target, undefined);
    const fault = bench.simulator.faults.add({ kind: '401', path: '/v1/refunds' });
    await expect(
      takeRun(bench.target, id).then((lease) => continueRun(bench.target, lease)),
    ).rejects.toMatchObject({ code: 'stripe_key_invalid' });
    expect(await getRun(bench.target.database, id)).toMatchObject({
      state: 'failed',
      phase: 'refunds',
      error: expect.stringContaining('key'),
      checked: { sessions: 210 },
    });
    bench.simulator.faults.remove(fault);
    const run = await continueRun(bench.target, await takeRun(bench.target, id));
    expect(run).toMatchObject({ state: 'done', error: null, checked: first.checked });
    expect(await foundBy(bench, run)).toEqual(expected);
  });

  it('whose process died is paused, and can be taken up again', async () => {
    const { id } = await startRun(bench.target, undefined);
    await takeRun(bench.target, id);
    expect(await getRun(bench.target.database, id)).toMatchObject({ state: 'running' });
    await expect(startRun(bench.target, undefined)).rejects.toMatchObject({
      code: 'already_processed',
    });
    await expect(takeRun(bench.target, id)).rejects.toMatchObject({ code: 'already_processed' });
    await bench.rows(`UPDATE credits_billing.job_leases SET expires_at = clock_timestamp()`);
    expect(await getRun(bench.target.database, id)).toMatchObject({ state: 'paused' });
    const run = await continueRun(bench.target, await takeRun(bench.target, id));
    expect(await foundBy(bench, run)).toEqual(expected);
  });

  it('is repaired one reviewed entry at a time, as it was previewed, and is clean then', async () => {
    const place = (findingId: string) => ({ runId: first.id, findingId });
    const findings = await findingsOf(bench, first);
    for (const { id } of findings.filter(({ stripePaymentId }) =>
      [edited.paymentIntentId, editedUngranted.paymentIntentId].includes(stripePaymentId ?? ''),
    )) {
      const { act, why } = await previewRepair(bench.target, place(id));
      expect(act).toBeNull();
      expect(why).toContain('100000');
      await expect(repairFinding(bench.target, place(id), 'Looks odd')).rejects.toMatchObject({
        code: 'stripe_refused',
      });
    }
    // A person puts Stripe’s side right.
    for (const { sessionId, credits } of [edited, editedUngranted]) {
      await bench.stripe.checkout.sessions.update(sessionId, {
        metadata: { credits: String(credits) },
      });
    }
    for (const { id, customerId } of findings) {
      const before = await rowCount(bench);
      const { act, preview } = await previewRepair(bench.target, place(id));
      expect(act).not.toBeNull();
      expect(await rowCount(bench)).toBe(before);
      const repaired = await repairFinding(bench.target, place(id), `Repair of ${id}`);
      expect(repaired).toMatchObject({ state: 'repaired', repairedAt: expect.any(Date) });
      expect(await bench.balance(customerId ?? '')).toBe(preview?.after.available);
      const isClosed = act?.startsWith('Close it');
      const posted = await rowCount(bench);
      expect(posted > before).toBe(!isClosed);
      if (!isClosed) {
        expect(
          await bench.rows(
            `SELECT metadata ->> 'note' AS note FROM credits.credit_transactions WHERE customer_id = $1 AND id = $2`,
            [customerId, repaired.repairedByTransactionId],
          ),
        ).toEqual([{ note: `Repair of ${id}` }]);
      }
      // Again, here and from another run: nothing more.
      expect(await repairFinding(bench.target, place(id), 'Once more')).toEqual(repaired);
      expect(await rowCount(bench)).toBe(posted);
    }
    const clean = await reconcile(bench);
    expect(await foundBy(bench, clean)).toEqual([]);
    expect(await bench.broken()).toEqual([]);
  }, 60_000);

  it('leaves differences of earlier runs that were repaired since with nothing to post', async () => {
    const runs = await bench.rows<{ id: string }>(
      'SELECT id FROM credits_billing.reconciliation_runs WHERE id <> $1 ORDER BY started_at LIMIT 1',
      [first.id],
    );
    const before = await rowCount(bench);
    for (const { id } of await findingsOf(bench, { id: runs[0]?.id ?? '' })) {
      const place = { runId: runs[0]?.id ?? '', findingId: id };
      expect((await previewRepair(bench.target, place)).act).toMatch(/^Close it/);
      expect(await repairFinding(bench.target, place, 'Late')).toMatchObject({ state: 'repaired' });
    }
    expect(await rowCount(bench)).toBe(before);
  });
});

describe('reconciliation', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await createWorkbench();
  });
  afterAll(() => bench.dispose());

  it('of an account that sold nothing, or of a ledger that heard everything, finds nothing', async () => {
    expect(await reconcile(bench)).toMatchObject({ state: 'done', findings: 0, checked: {} });
    const shop = await openShop(bench, 3, 7);
    for (const customerId of shop.customers) {
      await shop.subscribe(customerId, 100);
      moneyBack(shop, await shop.sell(customerId));
      await shop.sell(customerId);
    }
    await shop.deliver();
    expect(await reconcile(bench)).toMatchObject({
      findings: 0,
      checked: { sessions: 6, invoices: 3, ledger: 0, elsewhere: 0 },
    });
  });

  it('leaves a difference out whose event comes while it runs', async () => {
    const shop = await openShop(bench, 4, 8);
    const late = await shop.sell('user_4');
    const run = await startRun(bench.target, undefined);
    const done = await continueRun(bench.target, await takeRun(bench.target, run.id), {
      onProgress: ({ phase, findings }) => {
        if (phase === 'invoices') expect(findings).toBe(1);
      },
    });
    expect(await foundBy(bench, done)).toEqual([`missing_grant ${late.paymentIntentId} of user_4`]);
    const second = await startRun(bench.target, undefined);
    const paused = new AbortController();
    await continueRun(bench.target, await takeRun(bench.target, second.id), {
      signal: paused.signal,
      onProgress: ({ phase }) => {
        if (phase === 'invoices') paused.abort();
      },
    });
    expect(await foundBy(bench, await getRun(bench.target.database, second.id))).toHaveLength(1);
    await shop.deliver();
    const end = await continueRun(bench.target, await takeRun(bench.target, second.id));
    expect(await foundBy(bench, end)).toEqual([]);
  });

  it('of a later span finds what was begun before it, since the account was connected', async () => {
    await bench.rows(
      `UPDATE credits_billing.stripe_settings SET bound_at = clock_timestamp() - interval '20 days'`,
    );
    const shop = await openShop(bench, 5, 9);
    const days = (count: number) => bench.simulator.world.now() - count * 86_400;
    const sessions = bench.simulator.world.collection('checkout_sessions');
    const [late, foreign] = [await shop.sell('user_5'), await shop.sell('user_5')];
    sessions.update(late.sessionId, { created: days(3) });
    // Before the account was connected: another system’s to follow.
    sessions.update(foreign.sessionId, { created: days(25) });
    const run = await reconcile(bench, new Date(Date.now() - 86_400_000));
    expect(await foundBy(bench, run)).toEqual([`missing_grant ${late.paymentIntentId} of user_5`]);
    await shop.deliver();
    expect(await foundBy(bench, await reconcile(bench))).toEqual([]);
  });

  it('of a span in the future is refused', async () => {
    await expect(startRun(bench.target, new Date(Date.now() + 60_000))).rejects.toMatchObject({
      code: 'invalid_argument',
      fields: { since: 'must be in the past' },
    });
  });
});

describe('what people and back ends did themselves', () => {
  let bench: Workbench;
  let shop: Shop;
  beforeAll(async () => {
    bench = await createWorkbench();
    shop = await openShop(bench, 6, 10);
  });
  afterAll(() => bench.dispose());

  const newest = (name: 'invoices') => {
    const [object] = bench.simulator.world.collection(name).newestFirst();
    if (!object) throw new Error(`no ${name}`);
    return object;
  };

  it('is no difference where a clawback was reversed by hand before its refund failed', async () => {
    const bought = await shop.sell('user_1');
    refundCharge(bench.simulator.world, bought.chargeId);
    await shop.deliver();
    await bench.rows(
      `SELECT credits.reverse_transaction(customer_id, id, 'Goodwill') FROM credits.credit_transactions
       WHERE stripe_payment_id = $1 AND transaction_type = 'clawback'`,
      [bought.paymentIntentId],
    );
    failLastRefund(shop, bought);
    expect(await foundBy(bench, await reconcile(bench))).toEqual([]);
  });

  it('is no difference where a back end without Stripe’s facts clawed back as much itself', async () => {
    const bought = await shop.sell('user_2');
    await addPurchase(bench, { ...bought, paymentId: bought.paymentIntentId });
    refundCharge(bench.simulator.world, bought.chargeId);
    const run = await reconcile(bench);
    expect(await foundBy(bench, run)).toEqual([
      `unclawed_refund ${bought.paymentIntentId} of user_2`,
    ]);
    await bench.rows(`SELECT credits.claw_back('user_2', $1, $2, 'remaining', 'own')`, [
      bought.paymentIntentId,
      bought.credits,
    ]);
    expect(await foundBy(bench, await reconcile(bench))).toEqual([]);
  });

  it('is no difference where an invoice was granted under its payment’s id, and a double where under both', async () => {
    await shop.subscribe('user_3', 100);
    const { id: invoiceId } = newest('invoices');
    const paymentId = await bench.target.gateway.paymentOfInvoice(invoiceId);
    await addPurchase(bench, { customerId: 'user_3', credits: 100, paymentId });
    const run = await reconcile(bench);
    expect(await foundBy(bench, run)).toEqual([]);
    expect(run.checked).toMatchObject({ invoices: 1 });

    await shop.subscribe('user_4', 100);
    await shop.deliver();
    const other = await bench.target.gateway.paymentOfInvoice(newest('invoices').id);
    await addPurchase(bench, { customerId: 'user_4', credits: 100, paymentId: other });
    expect(await foundBy(bench, await reconcile(bench))).toEqual([
      `double_grant ${other} of user_4`,
    ]);
    await bench.rows(`SELECT credits.claw_back('user_4', $1, 100, 'remaining', 'by hand')`, [
      other,
    ]);
    expect(await foundBy(bench, await reconcile(bench))).toEqual([]);
  });

  it('is an orphan where a proration was allocated as if it opened a period', async () => {
    await shop.subscribe('user_5', 100);
    await shop.subscribe('user_6', 900);
    await shop.deliver();
    const { world } = bench.simulator;
    const [larger, smaller] = [...world.collection('subscriptions').newestFirst()];
    const price = larger?.items.data[0]?.price.id ?? '';
    advance(world, world.now() + 10 * 86_400);
    changePlan(world, smaller?.id ?? '', price, 'always_invoice');
    const invoice = newest('invoices');
    expect(invoice.billing_reason).toBe('subscription_update');
    await addPurchase(bench, {
      customerId: 'user_5',
      credits: 900,
      paymentId: invoice.id,
      type: 'subscription_allocation',
    });
    await shop.deliver();
    const run = await reconcile(bench);
    expect(await findingsOf(bench, run)).toMatchObject([
      {
        bucket: 'orphan_grant',
        stripePaymentId: invoice.id,
        foundCredits: 900,
        detail: expect.stringContaining('opens no period'),
      },
    ]);
  });

  it('and what was spent of a double grant is recorded as not recovered', async () => {
    const bought = await shop.sell('user_1');
    await shop.deliver();
    await addPurchase(bench, { ...bought, paymentId: bought.sessionId });
    const [before] = await bench.rows<{ balance: number }>(
      `SELECT credits_balance AS balance FROM credits.accounts WHERE customer_id = 'user_1'`,
    );
    await bench.rows(`SELECT credits.deduct_credits('user_1', $1, 'Spent all')`, [before?.balance]);
    const run = await reconcile(bench);
    const place = { runId: run.id, findingId: `double_grant:${bought.sessionId}` };
    const repaired = await repairFinding(bench.target, place, 'Granted twice');
    expect(
      await bench.rows(
        `SELECT amount, (metadata ->> 'unrecovered')::bigint AS unrecovered FROM credits.credit_transactions
         WHERE customer_id = 'user_1' AND id = $1`,
        [repaired.repairedByTransactionId],
      ),
    ).toEqual([{ amount: 0, unrecovered: bought.credits }]);
    expect(await foundBy(bench, await reconcile(bench))).not.toContain(
      `double_grant ${bought.sessionId} of user_1`,
    );
    expect(await bench.broken()).toEqual([]);
  });
});
