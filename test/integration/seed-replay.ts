import type pg from 'pg';

/** One customer's rows as they stand in the ledger, in id order. */
export type History = {
  customerId: string;
  transactions: {
    id: number;
    amount: number;
    type: string;
    reversesId: number | null;
    metadata: { policy?: string; asked?: number; unrecovered?: number; grant_id?: string };
    paymentId: string | null;
    at: Date;
    taken: { grantId: number; amount: number }[];
  }[];
  grants: Grant[];
  held: number;
  nextDueAt: Date | null;
};

type Grant = {
  id: number;
  transactionId: number;
  granted: number;
  remaining: number;
  priority: number;
  isPaid: boolean;
  expiresAt: Date | null;
};

export async function readHistories(pool: pg.Pool): Promise<History[]> {
  const { rows } = await pool.query(
    `SELECT a.customer_id AS "customerId", a.credits_held AS held, nullif(a.next_due_at, 'infinity') AS "nextDueAt",
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', t.id, 'amount', t.amount, 'type', t.transaction_type, 'reversesId', t.reverses_id,
           'metadata', t.metadata, 'paymentId', t.stripe_payment_id, 'at', t.created_at, 'taken', coalesce(
             (SELECT jsonb_agg(jsonb_build_object('grantId', c.grant_id, 'amount', c.amount) ORDER BY c.position)
              FROM credits.credit_consumptions c WHERE c.customer_id = t.customer_id AND c.transaction_id = t.id), '[]')) ORDER BY t.id)
         FROM credits.credit_transactions t WHERE t.customer_id = a.customer_id), '[]') AS transactions,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', g.id, 'transactionId', g.transaction_id, 'granted', g.granted,
           'remaining', g.remaining, 'priority', g.priority, 'isPaid', g.is_paid, 'expiresAt', g.expires_at) ORDER BY g.id)
         FROM credits.credit_grants g WHERE g.customer_id = a.customer_id), '[]') AS grants
     FROM credits.accounts a ORDER BY a.customer_id`,
  );
  return rows.map((row) => ({
    ...row,
    transactions: row.transactions.map((each: { at: string }) => ({
      ...each,
      at: new Date(each.at),
    })),
    grants: row.grants.map((each: { expiresAt: string | null }) => ({
      ...each,
      expiresAt: each.expiresAt === null ? null : new Date(each.expiresAt),
    })),
  })) as History[];
}

/**
 * Plays a customer's transactions through as the ledger's contract describes them, one after the other with a list of
 * grants, and returns every difference from what stands in the ledger.
 */
export function replay(history: History, now: Date): string[] {
  const problems: string[] = [];
  const grants = new Map<number, Grant>();
  const takenBy = new Map<number, { grantId: number; amount: number }[]>();
  let balance = 0;
  let lastAt = new Date(0);

  for (const entry of history.transactions) {
    const tell = (what: string) =>
      problems.push(`${history.customerId} transaction ${entry.id} (${entry.type}): ${what}`);
    if (entry.at < lastAt) tell('is older than the one before');
    lastAt = entry.at;
    balance += entry.amount;

    const made = history.grants.filter((grant) => grant.transactionId === entry.id);
    if (entry.type !== 'expire') {
      for (const grant of grants.values()) {
        if (isDue(grant, entry.at) && grant.remaining > 0)
          tell(`grant ${grant.id} was due and not swept`);
      }
    }
    let expected: { grantId: number; amount: number }[] = [];
    const take = (order: Grant[], amount: number) => {
      let needed = amount;
      for (const grant of order) {
        const part = Math.min(needed, grant.remaining);
        if (part === 0) continue;
        expected.push({ grantId: grant.id, amount: part });
        needed -= part;
      }
      return needed;
    };
    const open = () =>
      [...grants.values()].filter((grant) => !isDue(grant, entry.at)).sort(burnOrder);
    const madeBy = (id: number) =>
      [...grants.values()].filter((grant) => grant.transactionId === id);

    if (entry.type === 'reversal') {
      const original = history.transactions.find((each) => each.id === entry.reversesId);
      if (!original) tell('reverses nothing');
      else if (original.amount > 0) take(madeBy(original.id), -entry.amount);
      else {
        let back = entry.amount;
        for (const part of [...(takenBy.get(original.id) ?? [])].reverse()) {
          const amount = Math.min(back, part.amount);
          if (amount > 0) expected.push({ grantId: part.grantId, amount: -amount });
          back -= amount;
        }
        if (back !== 0) tell('gives back more than was taken');
      }
    } else if (entry.type === 'clawback') {
      const purchase = history.transactions.find(
        (each) => each.paymentId === entry.paymentId && each.type === 'purchase',
      );
      const own = madeBy(purchase?.id ?? -1);
      const rest = take(own, -entry.amount);
      if (entry.metadata.policy === 'debt')
        take(
          open().filter((grant) => !own.includes(grant)),
          rest,
        );
      else if (rest > 0) tell('takes more than was left of its purchase');
      if (entry.metadata.asked !== (entry.metadata.unrecovered ?? Number.NaN) - entry.amount) {
        tell('asked, taken and unrecovered do not add up');
      }
      if ((entry.metadata.asked ?? 0) > (purchase?.amount ?? 0)) tell('asks more than was bought');
    } else if (entry.type === 'expire') {
      const grant = grants.get(Number(entry.metadata.grant_id));
      if (!grant || !isDue(grant, entry.at)) tell('expires what is not due');
      else if (take([grant], -entry.amount) > 0 || grant.remaining !== -entry.amount) {
        tell(`takes ${-entry.amount} of ${grant.remaining}`);
      }
    } else if (entry.amount < 0) {
      if (take(open(), -entry.amount) > 0) tell('was not affordable');
    } else if (made.length !== 1 || made[0]?.granted !== entry.amount)
      tell('made no grant of its amount');

    if (textOf(expected) !== textOf(entry.taken)) {
      tell(`took ${textOf(entry.taken)} where ${textOf(expected)} was due`);
      expected = entry.taken;
    }
    for (const part of expected) {
      const grant = grants.get(part.grantId);
      if (grant) grant.remaining -= part.amount;
      else tell(`takes from grant ${part.grantId}, which is not there yet`);
    }
    takenBy.set(entry.id, expected);
    for (const grant of made) grants.set(grant.id, { ...grant, remaining: grant.granted });
    const left = [...grants.values()].reduce((sum, grant) => sum + grant.remaining, 0);
    if (left !== Math.max(balance, 0)) tell(`leaves ${left} on grants at a balance of ${balance}`);
    if (balance < 0 && entry.metadata.policy !== 'debt') tell(`leaves a balance of ${balance}`);
  }

  for (const grant of history.grants) {
    const played = grants.get(grant.id);
    if (played?.remaining !== grant.remaining) {
      problems.push(
        `${history.customerId} grant ${grant.id}: ${grant.remaining} left, ${played?.remaining} played`,
      );
    }
    if (isDue(grant, now) && grant.remaining > 0)
      problems.push(`grant ${grant.id} is due and open`);
  }
  if (history.held > Math.max(balance, 0))
    problems.push(`${history.customerId} holds more than it has`);
  const dueAt = history.grants
    .filter((grant) => grant.remaining > 0 && grant.expiresAt)
    .map((grant) => Number(grant.expiresAt));
  if (
    dueAt.length > 0 &&
    !(Number(history.nextDueAt ?? Number.POSITIVE_INFINITY) <= Math.min(...dueAt))
  ) {
    problems.push(`${history.customerId}: a grant falls due before next_due_at`);
  }
  return problems;
}

function isDue(grant: Grant, at: Date): boolean {
  return grant.expiresAt !== null && grant.expiresAt <= at;
}

function textOf(parts: { grantId: number; amount: number }[]): string {
  return parts.map((part) => `${part.amount} of grant ${part.grantId}`).join(' + ') || 'nothing';
}

/** Lower priority, sooner expiry (none last), free before paid, older. */
function burnOrder(a: Grant, b: Grant): number {
  return (
    a.priority - b.priority ||
    Number(a.expiresAt ?? 9e15) - Number(b.expiresAt ?? 9e15) ||
    Number(a.isPaid) - Number(b.isPaid) ||
    a.id - b.id
  );
}
