import { type RawBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { decodeCursor, encodeCursor } from '#main/database/page-cursor.ts';
import { escapeLike } from '#main/database/query-text.ts';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import type { CUSTOMER_SORTS, customersProcedures } from '#shared/ipc/customers.ts';

type Procedure = (typeof customersProcedures)['customers.list'];
type Options = z.output<Procedure['input']>;
type Page = z.input<Procedure['output']>;

const COUNT_MAX = 1_000;
// A trigram index answers from three letters on; below that it would read itself whole.
const TRIGRAM_LETTERS = 3;
// So many rows are read and sorted in some tens of milliseconds.
const FEW_MAX = 20_000;

/**
 * One page of customers. A search finds any part of name, e-mail, id or Stripe id from three letters on, the beginning
 * of one below that; a customer whose id or Stripe id is exactly what was searched comes first, whatever the order.
 * Errors: invalid_argument (a cursor of another list).
 */
export async function listCustomers(
  target: QueryTarget,
  { filter, sort, descending, cursor, limit }: Options,
  signal?: AbortSignal,
): Promise<Page> {
  const search = filter.search?.trim() ?? '';
  const order = ORDERS[sort];
  const scope = `customers.list ${sort} ${descending ? 'descending' : 'ascending'}`;
  const after = cursor === null ? null : decodeCursor(scope, cursor);

  const choice: Choice = {
    where: [...balanceConditions(filter.balance), ...planConditions(filter.plan)],
    readsAccount: filter.balance !== undefined,
    readsCustomer: filter.balance === 'low' || filter.plan !== undefined || search !== '',
    customers: sql`credits.customers`,
  };
  const matching = search === '' ? choice : await searching(target, choice, search, signal);
  const exact =
    search === '' || after !== null
      ? []
      : await runQuery(
          target,
          readPage(withConditions(choice, [isExactly(search)]), order, descending, limit),
          signal,
        );
  const room = limit - exact.length;
  const rest = withConditions(matching, [
    ...(search === '' ? [] : [sql`${isExactly(search)} IS NOT TRUE`]),
    ...(after === null || after.length === 0 ? [] : [order.after(after, descending)]),
  ]);
  const [rows, total] = await Promise.all([
    runQuery(target, readPage(rest, order, descending, room + 1), signal),
    cursor === null ? countMatching(target, matching, signal) : null,
  ]);
  const last = rows.slice(0, room).at(-1);
  return {
    rows: [...exact, ...rows.slice(0, room)].map(toCustomer),
    // Where the exact matches filled the page, the rest begins after nothing.
    nextCursor: rows.length > room ? encodeCursor(scope, last ? order.place(last) : []) : null,
    total,
  };
}

/** Conditions, and which of customers `c` and accounts `a` they read: a page is chosen from those alone. */
type Choice = {
  where: RawBuilder<unknown>[];
  readsAccount: boolean;
  readsCustomer: boolean;
  /** Where customers `c` come from. */
  customers: RawBuilder<unknown>;
};

type Order = {
  key: RawBuilder<unknown>;
  id: RawBuilder<unknown>;
  ofAccount: boolean;
  /** What a cursor keeps of the last row. */
  place: (row: CustomerRow) => string[];
  after: (place: string[], descending: boolean) => RawBuilder<unknown>;
};

function orderBy(key: RawBuilder<unknown>, type: RawBuilder<unknown>, ofAccount: boolean): Order {
  const id = ofAccount ? sql`a.customer_id` : sql`c.id`;
  return {
    key,
    id,
    ofAccount,
    place: (row) => [row.id, row.key],
    after: ([lastId, lastKey], descending) =>
      sql`(${key}, ${id}) ${beyond(descending)} (${lastKey}::${type}, ${lastId})`,
  };
}

const NAME_KEY = sql`lower(coalesce(c.name, c.id))`;

const ORDERS: Record<(typeof CUSTOMER_SORTS)[number], Order> = {
  name: {
    key: NAME_KEY,
    id: sql`c.id`,
    ofAccount: false,
    // A name may be longer than a cursor; it is looked up again by its id.
    place: (row) => [row.id],
    after: ([lastId], descending) =>
      sql`(${NAME_KEY}, c.id) ${beyond(descending)} ((
        SELECT lower(coalesce(last.name, last.id)) FROM credits.customers last WHERE last.id = ${lastId}
      ), ${lastId})`,
  },
  balance: orderBy(sql`a.credits_balance`, sql`bigint`, true),
  last_activity: orderBy(
    sql`coalesce(a.last_activity_at, '-infinity'::timestamptz)`,
    sql`timestamptz`,
    true,
  ),
  created: orderBy(sql`c.created_at`, sql`timestamptz`, false),
};

function beyond(descending: boolean): RawBuilder<unknown> {
  return descending ? sql`<` : sql`>`;
}

function withConditions(choice: Choice, conditions: RawBuilder<unknown>[]): Choice {
  return { ...choice, where: [...choice.where, ...conditions] };
}

/**
 * The choice among those that a search finds. Few of them are found by the search's own indexes first, and then put in
 * order (OFFSET 0 holds the planner to that): it would rather walk all names in order until enough of them match, and
 * names that begin alike stand together, so that for `zoe` it would read nearly all. Of many, the walk soon finds enough.
 */
async function searching(
  target: QueryTarget,
  choice: Choice,
  search: string,
  signal?: AbortSignal,
): Promise<Choice> {
  if ([...search].length < TRIGRAM_LETTERS) {
    const beginning = sql`lower(${`${escapeLike(search)}%`})`;
    return among(
      choice,
      sql`lower(m.name) LIKE ${beginning} OR lower(m.email) LIKE ${beginning} OR lower(m.id) LIKE ${beginning}
        OR lower(m.stripe_customer_id) LIKE ${beginning}`,
    );
  }
  const pattern = sql`lower(${`%${escapeLike(search)}%`})`;
  const found = sql`m.search_text LIKE ${pattern}`;
  return (await estimateCustomers(target, found, signal)) <= FEW_MAX
    ? among(choice, found)
    : withConditions(choice, [sql`c.search_text LIKE ${pattern}`]);
}

function among(choice: Choice, found: RawBuilder<unknown>): Choice {
  return {
    ...choice,
    customers: sql`(SELECT * FROM credits.customers m WHERE ${found} OFFSET 0)`,
  };
}

/** How many customers `m` the planner expects: a guess from its statistics, at the cost of a plan. */
async function estimateCustomers(
  target: QueryTarget,
  condition: RawBuilder<unknown>,
  signal?: AbortSignal,
): Promise<number> {
  type Plan = { 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] };
  const [row] = await runQuery(
    target,
    sql<Plan>`EXPLAIN (FORMAT JSON) SELECT FROM credits.customers m WHERE ${condition}`,
    signal,
  );
  return row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0;
}

function isExactly(search: string): RawBuilder<unknown> {
  return sql`(c.id = ${search} OR c.stripe_customer_id = ${search})`;
}

const WORKSPACE_THRESHOLD = sql`(SELECT s.low_balance_threshold FROM credits_billing.notification_settings s)`;

function balanceConditions(balance: Options['filter']['balance']): RawBuilder<unknown>[] {
  switch (balance) {
    case undefined:
      return [];
    // As the watch on balances has it; a balance of nothing, or less, is a filter of its own.
    case 'low':
      return [
        sql`a.credits_balance > 0`,
        // Most accounts are passed over without their customer: they have as much as any threshold asks for.
        sql`a.credits_balance < greatest((SELECT max(m.low_balance_threshold) FROM credits.customers m),
          (SELECT max(m.low_balance_threshold) FROM credits_billing.plans m), ${WORKSPACE_THRESHOLD})`,
        sql`a.credits_balance < coalesce(c.low_balance_threshold,
          (SELECT p.low_balance_threshold FROM credits_billing.plans p WHERE p.tier = c.plan_tier), ${WORKSPACE_THRESHOLD})`,
      ];
    case 'zero':
      return [sql`a.credits_balance = 0`];
    case 'negative':
      return [sql`a.credits_balance < 0`];
  }
}

function planConditions(plan: string | undefined): RawBuilder<unknown>[] {
  return plan === undefined ? [] : [sql`c.plan_tier = ${plan}`];
}

type CustomerRow = {
  id: string;
  name: string | null;
  email: string | null;
  stripe_customer_id: string | null;
  plan_tier: string | null;
  credits_balance: number;
  credits_held: number;
  last_activity_at: Date | null;
  created_at: Date;
  key: string;
};

function readPage(
  choice: Choice,
  order: Order,
  descending: boolean,
  limit: number,
): RawBuilder<CustomerRow> {
  const direction = descending ? sql`DESC` : sql`ASC`;
  const source = sourceOf(choice, order);
  return sql<CustomerRow>`
    WITH chosen AS MATERIALIZED (
      SELECT ${order.id} AS id, ${order.key} AS key FROM ${source} WHERE ${all(choice.where)}
      ORDER BY ${order.key} ${direction}, ${order.id} ${direction} LIMIT ${limit}
    )
    SELECT c.id, c.name, c.email, c.stripe_customer_id, c.plan_tier, a.credits_balance, a.credits_held,
      a.last_activity_at, c.created_at, p.key::text AS key
    FROM chosen p
    JOIN credits.customers c ON c.id = p.id
    JOIN credits.accounts a ON a.customer_id = p.id
    ORDER BY p.key ${direction}, p.id ${direction}`;
}

async function countMatching(target: QueryTarget, choice: Choice, signal?: AbortSignal) {
  const [row] = await runQuery(
    target,
    sql<{ count: number }>`SELECT count(*) AS count FROM (
      SELECT FROM ${sourceOf(choice)} WHERE ${all(choice.where)} LIMIT ${COUNT_MAX + 1}) counted`,
    signal,
  );
  const count = row?.count ?? 0;
  return { count: Math.min(count, COUNT_MAX), capped: count > COUNT_MAX };
}

// Without need of the other table a page of a million customers is chosen from one, and only then joined.
function sourceOf(choice: Choice, order?: Order): RawBuilder<unknown> {
  const account = choice.readsAccount || order?.ofAccount === true;
  const customer = choice.readsCustomer || order?.ofAccount === false;
  if (account && customer) {
    return sql`${choice.customers} c JOIN credits.accounts a ON a.customer_id = c.id`;
  }
  return account ? sql`credits.accounts a` : sql`${choice.customers} c`;
}

function all(conditions: RawBuilder<unknown>[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

function toCustomer(row: CustomerRow): Page['rows'][number] {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    stripeCustomerId: row.stripe_customer_id,
    plan: row.plan_tier,
    balance: row.credits_balance,
    held: row.credits_held,
    lastActivityAt: row.last_activity_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}
