import { type Chance, chanceOf, textArray, textLiteral, unitOf } from './chance.ts';
import { FEATURES, IMAGE_GENERATION_AGE_DAYS, MEAN_COST } from './features.ts';
import {
  AGENTS,
  BONUS_REASONS,
  COMPANY_FIRST,
  COMPANY_SECOND,
  CORRECTION_REASONS,
  COUNTRIES,
  DEBIT_REASONS,
  FIRST_NAMES,
  LAST_NAMES,
  REVERSAL_REASONS,
} from './word-lists.ts';

/**
 * Plans one batch of customers in temporary tables: who they are, what comes in, what they use, and which grant pays
 * for what. Everything is set-based, so burn order is not played through but computed, and the plan keeps to shapes for
 * which that is exact. A customer's grants lie in four layers, burned in this order at every moment:
 *
 *   promo   priority 50, expiring; at most one open at a time
 *   base    priority 100, expiring: the month's allocation (or a welcome bonus); at most one open at a time
 *   free    priority 100, never expiring, not paid: refunds and corrections, the oldest first
 *   paid    priority 100, never expiring, bought in packs, the oldest first
 *
 * What a layer cannot pay is the next one's demand. Within a layer of one open grant a debit takes its slice of the
 * cumulative demand up to what was granted; in the free layer the cumulative shortfall is the running maximum of
 * demand less supply; packs are bought just before the debit that would run short, so the paid layer always suffices.
 * Who never buys uses no more than the base grant of the time.
 *
 * Reversals and clawbacks follow before anything else happens to that customer, so what they leave behind is as if the
 * undone part had never been; only the very last event of a customer may be a clawback that takes spent credits.
 */
export type Batch = {
  seed: number;
  now: Date;
  /** Numbers of the customers, both included. */
  firstCustomer: number;
  lastCustomer: number;
  /** How many transactions they shall have together. */
  transactions: number;
  /** Ids of transactions and grants count up from here; none is used past `transactions` more. */
  firstId: number;
  /** Usage planned per usage wanted: lower where a plan came out too long. */
  fill: number;
};

/** In the order in which events of the same instant happen. */
export const KIND = {
  baseEnd: 0,
  promoEnd: 1,
  base: 2,
  promo: 3,
  free: 4,
  /** A bonus given by mistake and reversed at once. */
  mistake: 5,
  /** A purchase made twice, clawed back at once. */
  duplicate: 6,
  demand: 7,
  /** A bought pack; no item of its own: it is bought just before a demand. */
  pack: 8,
} as const;

export const TEMPORARY_TABLES = [
  'seed_customers',
  'seed_grants',
  'seed_items',
  'seed_lots',
  'seed_consumptions',
  'seed_rows',
  'seed_open',
  'seed_clawbacks',
  'seed_posted',
];

const PACKS = [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000];
const ALLOCATIONS = [50, 100, 250, 500, 1000, 2000, 5000, 10_000, 25_000, 50_000, 100_000];
const WELCOMES = [25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 50_000, 250_000];
/** Hours of the day (UTC) as often as things happen in them. */
const HOURS = [
  0, 2, 5, 6, 7, 7, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 14,
  14, 15, 15, 15, 16, 16, 16, 17, 17, 18, 19, 21,
];

/** The smallest of a list that reaches `wanted`; the largest where none does. */
function smallestFrom(list: readonly number[], wanted: string): string {
  const cases = list.slice(0, -1).map((each) => `WHEN ${wanted} <= ${each} THEN ${each}`);
  return `CASE ${cases.join(' ')} ELSE ${list.at(-1)} END`;
}

/** A person of the console, as the ledger writes it: the name, then the login. */
export function agent(chance: Chance, key: string, purpose: number): string {
  return `${chance.oneOf(AGENTS, key, purpose)} || ' (credit_console)'`;
}

/** Metadata of an entry by hand: its reason code, and for most a case. */
export function reasonMetadata(
  chance: Chance,
  reasonCode: string,
  key: string,
  purpose: number,
): string {
  const draw = chance.bits(key, purpose);
  return `jsonb_strip_nulls(jsonb_build_object('reason_code', ${reasonCode}, 'case_link', CASE
    WHEN ${unitOf(draw, 0)} < 0.45 THEN 'https://support.example.com/cases/' || 40000 + ((${draw} >> 20) & 16383)
    WHEN ${unitOf(draw, 0)} < 0.7 THEN 'CASE-' || 40000 + ((${draw} >> 20) & 16383) END))`;
}

/** One of the entries of a list of texts, at the 1-based place `index`. */
export function entryAt(
  list: readonly (readonly string[])[],
  column: number,
  index: string,
): string {
  return `(${textArray(list.map((entry) => entry[column] ?? ''))})[${index}]`;
}

export function indexInto(
  chance: Chance,
  list: readonly unknown[],
  key: string,
  purpose: number,
): string {
  return `(1 + (${chance.bits(key, purpose)} & 2147483647) % ${list.length})::int`;
}

/** A name as it stands in an e-mail address: lower-case ASCII letters. */
function mailName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('ł', 'l')
    .replaceAll('ø', 'o')
    .replaceAll('ı', 'i')
    .normalize('NFD')
    .replace(/[^a-z]/g, '');
}

/** Statements that plan the batch, to be run in order in one transaction. */
export function planStatements(batch: Batch): string[] {
  const chance = chanceOf(batch.seed);
  return [
    ...TEMPORARY_TABLES.map((table) => `DROP TABLE IF EXISTS pg_temp.${table}`),
    customersStatement(batch, chance),
    'ANALYZE pg_temp.seed_customers (n)',
    grantsStatement(batch, chance),
    itemsStatement(batch, chance),
    'ANALYZE pg_temp.seed_items (n, i, kind, ref)',
    lotsStatement(batch),
    'ANALYZE pg_temp.seed_lots (n, kind, ref, lot_id)',
    consumptionsStatement(),
    rowsStatement(chance),
    `CREATE TEMP TABLE seed_open ON COMMIT DROP AS
      SELECT l.n, l.lot_id, l.kind, l.granted, l.priority, l.ends_at, l.is_paid, (l.granted - coalesce(sum(c.amount), 0))::int AS remaining
      FROM seed_lots l LEFT JOIN seed_consumptions c ON c.lot_id = l.lot_id
      GROUP BY l.n, l.lot_id, l.kind, l.granted, l.priority, l.ends_at, l.is_paid HAVING l.granted > coalesce(sum(c.amount), 0)`,
    ...lastClawbackStatements(batch, chance),
  ];
}

export function nowLiteral(batch: Batch): string {
  return `${textLiteral(batch.now.toISOString())}::timestamptz`;
}

function customersStatement(batch: Batch, chance: Chance): string {
  const { unit } = chance;
  const now = nowLiteral(batch);
  return `CREATE TEMP TABLE seed_customers ON COMMIT DROP AS
  WITH weighted AS (
    -- Few heavy customers and many light ones.
    SELECT n, d.days, least(power(1 - ${unit('n', 1)}, -0.75), 250) * (0.1 + d.days / 425) AS weight
    FROM generate_series(${batch.firstCustomer}::bigint, ${batch.lastCustomer}::bigint) AS n
    -- A fifth were there before the 14 months or joined at their beginning, the others since, evenly.
    CROSS JOIN LATERAL (SELECT CASE WHEN ${unit('n', 6)} < 0.2 THEN 385 + 40 * ${unit('n', 5)}
      ELSE 0.3 + 424 * ${unit('n', 5)} END AS days) d
  ), shared AS MATERIALIZED (
    SELECT n, days, floor(${batch.transactions} * sum(weight) OVER (ORDER BY n) / sum(weight) OVER () + 0.000001)::int AS upto
    FROM weighted
  ), targeted AS MATERIALIZED (
    SELECT n, days, upto - lag(upto, 1, 0) OVER (ORDER BY n) AS target FROM shared
  ), traits AS MATERIALIZED (
    SELECT n, days AS days_wished, target,
      target >= 8 AND ${unit('n', 2)} < 0.72 AS subscribes,
      target > 400 OR (target >= 12 AND ${unit('n', 3)} < 0.6) AS buys,
      CASE WHEN ${unit('n', 4)} < 0.70 THEN 1 WHEN ${unit('n', 4)} < 0.88 THEN 3
        WHEN ${unit('n', 4)} < 0.97 THEN 10 ELSE 40 END AS scale
    FROM targeted
  ), dated AS MATERIALIZED (
    SELECT t.*, d.days, ${now} - d.days * interval '1 day' AS signed_up_at,
      CASE WHEN d.days > 100 AND ${unit('n', 7)} < 0.13
        THEN ${now} - d.days * (0.15 + 0.5 * ${unit('n', 8)}) * interval '1 day' ELSE ${now} END AS active_until
    FROM traits t
    CROSS JOIN LATERAL (SELECT least(t.days_wished, CASE WHEN t.subscribes THEN t.target * 7.5 ELSE 425 END,
      CASE WHEN t.target < 8 THEN 340 ELSE 425 END) AS days) d
  ), planned AS MATERIALIZED (
    SELECT d.*, p.allocations,
      greatest(1, extract(epoch FROM d.active_until - d.signed_up_at) / 2630000) AS months,
      floor(d.days / 75)::int + 1 AS promo_slots,
      CASE WHEN d.target >= 20 THEN least(0.35, d.target / 120.0) ELSE 0 END AS promo_chance,
      CASE WHEN d.target >= 20 THEN least(0.5, d.target / 250.0) ELSE 0 END AS free_chance,
      CASE WHEN d.target >= 20 THEN least(0.04, d.target / 2500.0) ELSE 0 END AS mistake_chance,
      CASE WHEN d.target >= 20 AND d.buys THEN least(0.03, d.target / 3000.0) ELSE 0 END AS duplicate_chance
    FROM dated d
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS allocations FROM generate_series(0, 14) k
      WHERE d.subscribes AND d.signed_up_at + make_interval(months => k) < d.active_until
    ) p
  ), used AS MATERIALIZED (
    SELECT p.*, CASE WHEN p.target < 8 THEN greatest(p.target - 1, 0) ELSE greatest(1, floor((p.target
        - CASE WHEN p.subscribes THEN p.allocations * 1.8 ELSE 1 END
        - p.promo_slots * p.promo_chance * 1.9 - p.free_chance * 1.3 - 2 * (p.mistake_chance + p.duplicate_chance)
        - CASE WHEN p.buys THEN least(p.months * CASE WHEN p.subscribes THEN 0.45 ELSE 1.1 END, p.target * 0.15) ELSE 0 END
      ) * ${batch.fill} / 1.009)) END::int AS usage_count
    FROM planned p
  ), sized AS MATERIALIZED (
    SELECT u.*, u.usage_count * ${MEAN_COST} * (1 + greatest(0, u.scale * 0.33 - 0.4)) AS credits_wished FROM used u
  ), funded AS MATERIALIZED (
    SELECT s.*,
      CASE WHEN s.subscribes THEN ${smallestFrom(
        ALLOCATIONS,
        `(s.credits_wished / s.months * CASE WHEN s.buys THEN 0.25 + 0.7 * ${unit('n', 9)} ELSE 1.4 + 1.2 * ${unit('n', 9)} END)`,
      )}
        WHEN s.buys THEN 50
        ELSE ${smallestFrom(WELCOMES, '(s.credits_wished * 1.7 + 15)')} END AS base_granted,
      CASE WHEN s.buys THEN ${smallestFrom(PACKS, `(s.credits_wished / s.months * (0.5 + ${unit('n', 10)}))`)} END AS pack
    FROM sized s
  ), named AS MATERIALIZED (
    SELECT f.*, ${chance.oneOf(FIRST_NAMES, 'n', 11)} AS first_name, ${chance.oneOf(LAST_NAMES, 'n', 12)} AS last_name,
      ${chance.oneOf(COMPANY_FIRST, 'n', 13)} || ' ' || ${chance.oneOf(COMPANY_SECOND, 'n', 14)} AS company
    FROM funded f
  )
  SELECT n, 'usr_' || 10000000 + n * 9 + (${chance.bits('n', 15)} & 7) AS customer_id, target, subscribes, buys, scale,
    signed_up_at, active_until, allocations, promo_slots, promo_chance, free_chance, mistake_chance, duplicate_chance,
    usage_count, base_granted::int AS base_granted, pack::int AS pack,
    -- A pack is bought when less than this of the last one is left.
    floor(pack * (0.04 + 0.12 * ${unit('n', 16)}))::int AS pack_margin,
    0.6 + ${unit('n', 17)} AS taste,
    CASE WHEN ${unit('n', 18)} < 0.012 THEN NULL ELSE first_name || ' ' || last_name END AS name,
    CASE WHEN ${unit('n', 19)} < 0.008 THEN NULL ELSE
      ${chance.oneOf(FIRST_NAMES.map(mailName), 'n', 11)} || '.' || ${chance.oneOf(LAST_NAMES.map(mailName), 'n', 12)} || '@'
      || lower(replace(company, ' ', CASE WHEN ${unit('n', 20)} < 0.5 THEN '-' ELSE '' END)) || '.example' END AS email,
    CASE WHEN buys OR (subscribes AND base_granted > 100) OR ${unit('n', 21)} < 0.35
      THEN 'cus_' || substr(${chance.code("'customer ' || n")}, 1, 14) END AS stripe_customer_id,
    CASE WHEN subscribes AND active_until = ${now} THEN
        CASE WHEN base_granted <= 100 THEN 'free' WHEN base_granted <= 250 THEN 'starter' WHEN base_granted <= 1000 THEN 'pro'
          WHEN base_granted <= 5000 THEN 'business' ELSE 'enterprise' END
      WHEN buys THEN 'pay_as_you_go' ELSE 'free' END AS plan_tier,
    CASE WHEN subscribes OR buys THEN CASE WHEN ${unit('n', 22)} < 0.8
      THEN greatest(10, CASE WHEN buys THEN pack / 10 ELSE base_granted / 10 END) END END AS low_balance_threshold,
    jsonb_build_object('company', company, 'country', ${chance.oneOf(COUNTRIES, 'n', 23)}) AS metadata
  FROM named`;
}

/** What comes in by itself or by hand: every grant but the packs, which follow from the usage. */
function grantsStatement(batch: Batch, chance: Chance): string {
  const { unit } = chance;
  const now = nowLiteral(batch);
  // A moment between sign-up and now, by day.
  const moment = (key: string, purpose: number) =>
    `least(${now} - interval '4 minutes', greatest(c.signed_up_at + interval '2 minutes',
      date_trunc('day', c.signed_up_at + ${unit(key, purpose)} * (${now} - c.signed_up_at))
        + (7 + 11 * ${unit(key, purpose + 1)}) * interval '1 hour'))`;
  return `CREATE TEMP TABLE seed_grants ON COMMIT DROP AS
  -- The month's allocation; a welcome bonus for those without a plan.
  SELECT c.n, ${KIND.base} AS kind, k AS ref, c.base_granted AS granted, 100 AS priority, paid.yes AS is_paid,
    c.signed_up_at + make_interval(months => k) AS starts_at, c.signed_up_at + make_interval(months => k + 1) AS ends_at,
    'subscription_allocation' AS transaction_type, 'Monthly credits' AS description, 'billing_service' AS actor,
    '{}'::jsonb AS metadata,
    CASE WHEN paid.yes THEN 'in_' || ${chance.code("'invoice ' || c.n || ' ' || k")} END AS stripe_payment_id
  FROM seed_customers c CROSS JOIN generate_series(0, c.allocations - 1) k
  CROSS JOIN LATERAL (SELECT c.base_granted > 100 AS yes) paid
  WHERE c.subscribes
  UNION ALL
  SELECT c.n, ${KIND.base}, 0, c.base_granted, 100, false, c.signed_up_at, c.signed_up_at + interval '12 months',
    'bonus', 'Welcome credits', 'billing_service', '{"reason_code": "promotion"}', NULL
  FROM seed_customers c WHERE NOT c.subscribes AND c.target > 0
  UNION ALL
  SELECT c.n, ${KIND.promo}, s, p.granted, 50, false, p.starts_at,
    p.starts_at + (14 + 36 * ${unit('p.key', 32)}) * interval '1 day', 'bonus', ${entryAt(BONUS_REASONS, 1, 'p.reason')},
    ${agent(chance, 'p.key', 33)}, ${reasonMetadata(chance, entryAt(BONUS_REASONS, 0, 'p.reason'), 'p.key', 34)}, NULL
  FROM seed_customers c CROSS JOIN generate_series(0, c.promo_slots - 1) s
  CROSS JOIN LATERAL (
    SELECT c.n * 100 + s AS key, c.signed_up_at + (s * 75 + 1 + 20 * ${unit('(c.n * 100 + s)', 30)}) * interval '1 day' AS starts_at,
      ${indexInto(chance, BONUS_REASONS, '(c.n * 100 + s)', 35)} AS reason,
      greatest(10, (coalesce(c.pack, c.base_granted) * (0.1 + 0.3 * ${unit('(c.n * 100 + s)', 36)}))::int / 10 * 10) AS granted
  ) p
  WHERE ${unit('p.key', 31)} < c.promo_chance AND p.starts_at < c.active_until - interval '10 minutes'
  UNION ALL
  SELECT c.n, ${KIND.free}, f, greatest(5, ((10 + 90 * ${unit('p.key', 41)}) * (1 + c.scale * 0.2))::int / 5 * 5), 100, false,
    ${moment('p.key', 42)}, NULL, ${entryAt(CORRECTION_REASONS, 0, 'p.reason')}, ${entryAt(CORRECTION_REASONS, 2, 'p.reason')},
    ${agent(chance, 'p.key', 44)}, ${reasonMetadata(chance, entryAt(CORRECTION_REASONS, 1, 'p.reason'), 'p.key', 45)}, NULL
  FROM seed_customers c CROSS JOIN generate_series(0, 2) f
  CROSS JOIN LATERAL (
    SELECT c.n * 100 + f AS key, ${indexInto(chance, CORRECTION_REASONS, '(c.n * 100 + f)', 46)} AS reason
  ) p
  -- One, sometimes two, rarely three.
  WHERE ${unit('p.key', 40)} < c.free_chance * (ARRAY[1, 0.25, 0.05])[f + 1]
  UNION ALL
  SELECT c.n, ${KIND.mistake}, 0, 50 * (1 + (${chance.bits('c.n', 50)} & 7))::int, 100, false, ${moment('c.n', 51)}, NULL,
    'bonus', 'Goodwill for a delayed export', ${agent(chance, 'c.n', 53)},
    ${reasonMetadata(chance, "'goodwill'", 'c.n', 54)}, NULL
  FROM seed_customers c WHERE ${unit('c.n', 55)} < c.mistake_chance
  UNION ALL
  SELECT c.n, ${KIND.duplicate}, 0, c.pack, 100, true, ${moment('c.n', 56)}, NULL, 'purchase',
    to_char(c.pack, 'FM999,999,999') || ' credits', 'billing_service', '{}',
    'pi_3' || ${chance.code("'duplicate ' || c.n")}
  FROM seed_customers c WHERE ${unit('c.n', 58)} < c.duplicate_chance`;
}

/** Every event of every customer in order, and for each debit what each layer pays of it. */
function itemsStatement(batch: Batch, chance: Chance): string {
  const { bits } = chance;
  const now = nowLiteral(batch);
  const key = '(c.n * 1000000 + j)';
  // From which draw on each feature is meant.
  const from = FEATURES.map((_, index) =>
    FEATURES.slice(0, index).reduce((sum, each) => sum + each.share, 0),
  );
  const place = (feature: string) => FEATURES.findIndex((each) => each.feature === feature) + 1;
  const imageGenerationFrom = from[place('image_generation') - 1];
  const imageGenerationTo = from[place('image_generation')];
  const featureCases = FEATURES.slice(0, -1).map(
    (_, index) => `WHEN r.v < ${from[index + 1]} THEN ${index + 1}`,
  );
  const costs = `(ARRAY[${FEATURES.map((each) => each.cost).join(', ')}])[s.feature]`;
  const batches = `(ARRAY[${FEATURES.map((each) => each.batch).join(', ')}])[s.feature]`;
  return `CREATE TEMP TABLE seed_items ON COMMIT DROP AS
  WITH drawn AS MATERIALIZED (
    SELECT c.n, j::int AS ref, c.target, c.scale, c.taste, c.signed_up_at, c.active_until,
      ${bits(key, 60)} AS b1, ${bits(key, 61)} AS b2, ${bits(key, 62)} AS b3
    FROM seed_customers c CROSS JOIN LATERAL generate_series(1, c.usage_count) j
  ), placed AS MATERIALIZED (
    SELECT d.*, power(${unitOf('d.b1', 0)}, d.taste) AS v,
      -- The exponent makes a customer's usage grow.
      least(${now} - (3 + 60 * ${unitOf('d.b1', 2)}) * interval '1 minute', d.signed_up_at + interval '1 minute'
        + power(${unitOf('d.b1', 1)} + ${unitOf('d.b1', 2)} / 1048576, 0.75) * (d.active_until - d.signed_up_at - interval '1 minute')) AS t
    FROM drawn d
  ), shaped AS MATERIALIZED (
    SELECT r.*,
      -- A few are debits by hand instead.
      CASE WHEN r.target >= 20 AND ${unitOf('r.b3', 2)} < 0.0015 THEN 0
        WHEN r.v >= ${imageGenerationFrom} AND r.v < ${imageGenerationTo} AND r.t < ${now} - interval '${IMAGE_GENERATION_AGE_DAYS} days'
          THEN ${place('advanced_search')}
        ${featureCases.join(' ')} ELSE ${FEATURES.length} END AS feature,
      -- Seven of ten weekend events move to the week before, and all of them to busy hours.
      date_trunc('day', r.t)
        - CASE WHEN extract(isodow FROM r.t) >= 6 AND ${unitOf('r.b2', 1)} < 0.7 THEN extract(isodow FROM r.t)::int - 5 + (r.b2 >> 50 & 3) ELSE 0 END * interval '1 day'
        + ((ARRAY[${HOURS.join(', ')}])[1 + (r.b2 >> 40 & 1023) % ${HOURS.length}] * 3600 + ${unitOf('r.b3', 1)} * 3600) * interval '1 second' AS busy_t
    FROM placed r
  ), priced AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.feature = 0 THEN 1 ELSE 1 + floor((${batches} + s.scale - 1) * power(${unitOf('s.b2', 0)}, 2))::int END AS quantity,
      CASE WHEN s.feature = 0 THEN 5 * (1 + ((s.b3 >> 40) & 7))::int ELSE ${costs} END AS cost
    FROM shaped s
  ), usage AS (
    SELECT p.n, ${KIND.demand} AS kind, p.ref,
      CASE WHEN p.busy_t > p.signed_up_at + interval '1 minute' AND p.busy_t < least(p.active_until, ${now} - interval '3 minutes')
        THEN p.busy_t ELSE p.t END AS t,
      NULL::int AS granted, NULL::timestamptz AS ends_at, p.cost * p.quantity AS gross,
      -- Some are undone, half of them in part.
      CASE WHEN p.target < 20 OR p.feature = 0 OR ${unitOf('p.b3', 0)} >= 0.007 THEN p.cost * p.quantity
        WHEN p.cost * p.quantity = 1 OR ${unitOf('p.b3', 1)} < 0.5 THEN 0 ELSE p.cost * p.quantity / 2 END AS net,
      p.feature, p.quantity, p.b3 AS bits
    FROM priced p
  ), items AS (
    SELECT * FROM usage
    UNION ALL
    SELECT g.n, g.kind, g.ref, g.starts_at, g.granted, g.ends_at, 0, 0, 0, 0, 0 FROM seed_grants g
    UNION ALL
    SELECT g.n, CASE g.kind WHEN ${KIND.base} THEN ${KIND.baseEnd} ELSE ${KIND.promoEnd} END, g.ref, g.ends_at, 0, NULL, 0, 0, 0, 0, 0
    FROM seed_grants g WHERE g.ends_at <= ${now}
  ), ordered AS (
    SELECT i.*, c.buys, c.pack, c.pack_margin, row_number() OVER w AS i,
      lag(i.t) OVER w AS before_at, coalesce(lead(i.t) OVER w, ${now}) AS after_at,
      max(CASE WHEN i.kind = ${KIND.base} THEN i.ref END) OVER w AS base_slot,
      max(CASE WHEN i.kind = ${KIND.promo} THEN i.ref END) OVER w AS promo_slot
    FROM items i JOIN seed_customers c ON c.n = i.n
    WINDOW w AS (PARTITION BY i.n ORDER BY i.t, i.kind, i.ref ROWS UNBOUNDED PRECEDING)
  ), asked AS (
    SELECT *, sum(gross) OVER b AS base_asked, first_value(granted) OVER b AS base_granted, first_value(ends_at) OVER b AS base_ends_at
    FROM ordered WINDOW b AS (PARTITION BY n, base_slot ORDER BY i ROWS UNBOUNDED PRECEDING)
  ), kept AS (
    -- Who buys nothing uses no more than the base grant of the time.
    SELECT * FROM asked WHERE kind <> ${KIND.demand} OR buys OR (base_asked <= base_granted AND t < base_ends_at)
  ), promo AS (
    SELECT *, CASE WHEN promo_slot IS NULL THEN 0 ELSE first_value(granted) OVER p END AS promo_granted,
      CASE WHEN promo_slot IS NOT NULL THEN first_value(ends_at) OVER p END AS promo_ends_at,
      coalesce(sum(net) OVER (p ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS promo_before
    FROM kept WINDOW p AS (PARTITION BY n, promo_slot ORDER BY i)
  ), after_promo AS (
    SELECT *,
      CASE WHEN t < promo_ends_at THEN least(promo_before + gross, promo_granted) - least(promo_before, promo_granted) ELSE 0 END::int AS promo_part,
      net - CASE WHEN t < promo_ends_at THEN least(promo_before + net, promo_granted) - least(promo_before, promo_granted) ELSE 0 END::int AS net_1
    FROM promo
  ), base AS (
    SELECT *, coalesce(sum(net_1) OVER (b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS base_before
    FROM after_promo WINDOW b AS (PARTITION BY n, base_slot ORDER BY i)
  ), after_base AS (
    SELECT *,
      CASE WHEN t < base_ends_at THEN least(base_before + gross - promo_part, base_granted) - least(base_before, base_granted) ELSE 0 END::int AS base_part,
      net_1 - CASE WHEN t < base_ends_at THEN least(base_before + net_1, base_granted) - least(base_before, base_granted) ELSE 0 END::int AS net_2
    FROM base
  ), free AS (
    SELECT *, gross - promo_part - base_part AS gross_2,
      sum(CASE WHEN kind = ${KIND.free} THEN granted ELSE 0 END) OVER w AS free_supply, sum(net_2) OVER w AS free_demand
    FROM after_base WINDOW w AS (PARTITION BY n ORDER BY i ROWS UNBOUNDED PRECEDING)
  ), shortfall AS (
    -- The cumulative demand that the free layer could not meet before this event: the paid layer's.
    SELECT *, greatest(0, coalesce(max(free_demand - free_supply) OVER (PARTITION BY n ORDER BY i
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)) AS paid_from
    FROM free
  ), after_free AS (
    SELECT *, (greatest(paid_from, free_demand - net_2 + gross_2 - free_supply) - paid_from)::int AS paid_part,
      (free_demand - net_2 - paid_from)::int AS free_from
    FROM shortfall
  ), packed AS (
    SELECT *, coalesce(max(packs_needed) OVER (PARTITION BY n ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS packs_before
    FROM (SELECT *, CASE WHEN paid_part > 0 THEN ((paid_from + paid_part + pack_margin + pack - 1) / pack)::int ELSE 0 END AS packs_needed
      FROM after_free) needed
  )
  SELECT n, i, kind, ref, t, before_at, after_at, gross, net, feature, quantity, bits, base_slot, promo_slot, pack,
    promo_part, base_part, gross_2 - paid_part AS free_part, free_from, paid_part, paid_from,
    packs_before, greatest(packs_before, packs_needed) AS packs_after,
    CASE kind WHEN ${KIND.baseEnd} THEN base_granted - least(base_before, base_granted)
      WHEN ${KIND.promoEnd} THEN promo_granted - least(promo_before, promo_granted) ELSE 0 END::int AS leftover
  FROM packed`;
}

/** The grants with their ids, in order of time. `sub` places a row before (−) or after (+) the event it belongs to. */
function lotsStatement(batch: Batch): string {
  return `CREATE TEMP TABLE seed_lots ON COMMIT DROP AS
  SELECT ${batch.firstId} - 1 + row_number() OVER (ORDER BY l.starts_at, l.n, l.i, l.sub) AS lot_id, l.*,
    CASE WHEN l.kind = ${KIND.free} THEN sum(l.granted) OVER (PARTITION BY l.n, l.kind ORDER BY l.i) - l.granted END AS free_from
  FROM (
    SELECT g.n, i.i, 0 AS sub, g.kind, g.ref, g.granted, g.priority, g.is_paid, g.starts_at, g.ends_at
    FROM seed_grants g JOIN seed_items i ON i.n = g.n AND i.kind = g.kind AND i.ref = g.ref
    UNION ALL
    SELECT i.n, i.i, p - i.packs_after, ${KIND.pack}, p, i.pack, 100, true,
      i.t - least(interval '5 minutes', (i.t - i.before_at) * 0.4), NULL
    FROM seed_items i CROSS JOIN LATERAL generate_series(i.packs_before, i.packs_after - 1) p
    WHERE i.packs_after > i.packs_before
  ) l`;
}

/** Which grant paid what, and what reversals put back. */
function consumptionsStatement(): string {
  return `CREATE TEMP TABLE seed_consumptions ON COMMIT DROP AS
  WITH taken AS (
    SELECT i.n, i.i, l.lot_id, i.promo_part AS amount, 1 AS layer, 0 AS place, i.gross, i.net
    FROM seed_items i JOIN seed_lots l ON l.n = i.n AND l.kind = ${KIND.promo} AND l.ref = i.promo_slot WHERE i.promo_part > 0
    UNION ALL
    SELECT i.n, i.i, l.lot_id, i.base_part, 2, 0, i.gross, i.net
    FROM seed_items i JOIN seed_lots l ON l.n = i.n AND l.kind = ${KIND.base} AND l.ref = i.base_slot WHERE i.base_part > 0
    UNION ALL
    SELECT i.n, i.i, l.lot_id,
      (least(i.free_from + i.free_part, l.free_from + l.granted) - greatest(i.free_from, l.free_from))::int, 3, l.ref, i.gross, i.net
    FROM seed_items i JOIN seed_lots l ON l.n = i.n AND l.kind = ${KIND.free}
      AND l.free_from < i.free_from + i.free_part AND l.free_from + l.granted > i.free_from
    WHERE i.free_part > 0
    UNION ALL
    SELECT i.n, i.i, l.lot_id,
      (least(i.paid_from + i.paid_part, (p::bigint + 1) * i.pack) - greatest(i.paid_from, p::bigint * i.pack))::int, 4, p, i.gross, i.net
    FROM seed_items i
    CROSS JOIN LATERAL generate_series((i.paid_from / i.pack)::int, ((i.paid_from + i.paid_part - 1) / i.pack)::int) p
    JOIN seed_lots l ON l.n = i.n AND l.kind = ${KIND.pack} AND l.ref = p
    WHERE i.paid_part > 0
  ), placed AS (
    SELECT t.*, row_number() OVER w AS position, sum(t.amount) OVER w AS upto
    FROM taken t WINDOW w AS (PARTITION BY t.n, t.i ORDER BY t.layer, t.lot_id)
  )
  SELECT n, i, 0 AS sub, lot_id, amount, position::int AS position FROM placed
  UNION ALL
  -- A reversal gives back what was taken last.
  SELECT n, i, 1, lot_id, -least(amount, upto - net)::int,
    row_number() OVER (PARTITION BY n, i ORDER BY position DESC)::int
  FROM placed WHERE net < gross AND upto > net
  UNION ALL
  SELECT l.n, l.i, 1, l.lot_id, l.granted, 1 FROM seed_lots l WHERE l.kind IN (${KIND.mistake}, ${KIND.duplicate})
  UNION ALL
  SELECT i.n, i.i, 0, l.lot_id, i.leftover, 1
  FROM seed_items i JOIN seed_lots l ON l.n = i.n
    AND ((i.kind = ${KIND.baseEnd} AND l.kind = ${KIND.base}) OR (i.kind = ${KIND.promoEnd} AND l.kind = ${KIND.promo})) AND l.ref = i.ref
  WHERE i.leftover > 0`;
}

/** The transactions, without ids yet. What usage rows have in common is filled in when they are written. */
function rowsStatement(chance: Chance): string {
  const reversal = indexInto(chance, REVERSAL_REASONS, '(i.n * 1000000 + i.i)', 70);
  const debit = indexInto(chance, DEBIT_REASONS, '(i.n * 1000000 + i.i)', 71);
  const key = '(i.n * 1000000 + i.i)';
  return `CREATE TEMP TABLE seed_rows ON COMMIT DROP AS
  SELECT i.n, i.i, 0 AS sub, i.t AS at, -i.gross AS amount,
    CASE WHEN i.feature = 0 THEN 'adjustment' ELSE 'usage' END AS transaction_type, i.feature, i.quantity, i.bits,
    CASE WHEN i.feature = 0 THEN ${entryAt(DEBIT_REASONS, 1, debit)} END AS description,
    CASE WHEN i.feature = 0 THEN ${agent(chance, key, 72)} END AS actor,
    CASE WHEN i.feature = 0 THEN ${reasonMetadata(chance, entryAt(DEBIT_REASONS, 0, debit), key, 73)} END AS metadata,
    NULL::text AS stripe_payment_id
  FROM seed_items i WHERE i.kind = ${KIND.demand}
  UNION ALL
  SELECT i.n, i.i, 1, i.t + least(interval '3 hours', (i.after_at - i.t) * 0.4), i.gross - i.net, 'reversal', i.feature, 0, i.bits,
    ${entryAt(REVERSAL_REASONS, 1, reversal)}, ${agent(chance, key, 74)},
    ${reasonMetadata(chance, entryAt(REVERSAL_REASONS, 0, reversal), key, 75)}, NULL
  FROM seed_items i WHERE i.net < i.gross
  UNION ALL
  SELECT i.n, i.i, 0, i.t, -i.leftover, 'expire', 0, 0, 0, 'Credits expired', 'credit_console',
    jsonb_build_object('grant_id', c.lot_id::text), NULL
  FROM seed_items i JOIN seed_consumptions c ON c.n = i.n AND c.i = i.i WHERE i.leftover > 0
  UNION ALL
  SELECT g.n, i.i, 0, g.starts_at, g.granted, g.transaction_type, 0, 0, 0, g.description, g.actor, g.metadata, g.stripe_payment_id
  FROM seed_grants g JOIN seed_items i ON i.n = g.n AND i.kind = g.kind AND i.ref = g.ref
  UNION ALL
  SELECT g.n, i.i, 1, i.t + least(interval '2 hours', (i.after_at - i.t) * 0.4), -g.granted,
    CASE g.kind WHEN ${KIND.mistake} THEN 'reversal' ELSE 'clawback' END, 0, 0, 0,
    CASE g.kind WHEN ${KIND.mistake} THEN 'Meant for another customer' ELSE 'Clawback of ' || g.stripe_payment_id END,
    CASE g.kind WHEN ${KIND.mistake} THEN g.actor ELSE 'billing_service' END,
    CASE g.kind WHEN ${KIND.mistake} THEN '{"reason_code": "correction"}'
      ELSE jsonb_build_object('policy', 'remaining', 'asked', g.granted, 'unrecovered', 0) END, g.stripe_payment_id
  FROM seed_grants g JOIN seed_items i ON i.n = g.n AND i.kind = g.kind AND i.ref = g.ref
  WHERE g.kind IN (${KIND.mistake}, ${KIND.duplicate})
  UNION ALL
  SELECT l.n, l.i, l.sub, l.starts_at, l.granted, 'purchase', 0, 0, 0, to_char(l.granted, 'FM999,999,999') || ' credits',
    'billing_service', '{}', 'pi_3' || ${chance.code("'pack ' || l.n || ' ' || l.ref")}
  FROM seed_lots l WHERE l.kind = ${KIND.pack}`;
}

// Events after all planned ones: their place in the customer's order.
const FILLED = 1_000_000_000;
const LAST_CLAWBACK = 2_000_000_000;

/** Purchases whose money went back after part of the credits was spent: always the last that happened to a customer. */
function lastClawbackStatements(batch: Batch, chance: Chance): string[] {
  const now = nowLiteral(batch);
  return [
    `CREATE TEMP TABLE seed_clawbacks ON COMMIT DROP AS
    WITH last_pack AS (
      SELECT DISTINCT ON (l.n) l.n, l.lot_id, l.ref, l.granted AS asked FROM seed_lots l
      WHERE l.kind = ${KIND.pack} AND ${chance.unit('l.n', 80)} < 0.16 ORDER BY l.n, l.ref DESC
    ), left_over AS (
      SELECT o.n, sum(o.remaining)::int AS balance, coalesce(sum(o.remaining) FILTER (WHERE o.lot_id = p.lot_id), 0)::int AS own
      FROM seed_open o JOIN last_pack p ON p.n = o.n GROUP BY o.n
    ), last_row AS (
      SELECT r.n, max(r.at) AS at FROM seed_rows r JOIN last_pack p ON p.n = r.n GROUP BY r.n
    ), decided AS (
      SELECT p.*, coalesce(o.own, 0) AS own, r.at + (${now} - r.at) * 0.6 AS at,
        'pi_3' || ${chance.code("'pack ' || p.n || ' ' || p.ref")} AS stripe_payment_id,
        CASE WHEN ${chance.unit('p.n', 80)} >= 0.12 THEN 'remaining' WHEN coalesce(o.balance, 0) < p.asked * 0.9 THEN 'debt' END AS policy
      FROM last_pack p JOIN last_row r ON r.n = p.n LEFT JOIN left_over o ON o.n = p.n
    )
    SELECT d.*, CASE policy WHEN 'debt' THEN asked ELSE own END AS taken FROM decided d WHERE policy IS NOT NULL`,
    `INSERT INTO seed_rows (n, i, sub, at, amount, transaction_type, feature, quantity, bits, description, actor, metadata, stripe_payment_id)
    SELECT n, ${LAST_CLAWBACK}, 0, at, -taken, 'clawback', 0, 0, 0, 'Clawback of ' || stripe_payment_id, 'billing_service',
      jsonb_build_object('policy', policy, 'asked', asked, 'unrecovered', asked - taken), stripe_payment_id
    FROM seed_clawbacks`,
    // Of its own purchase first; debt then takes all the others hold, in burn order.
    `INSERT INTO seed_consumptions (n, i, sub, lot_id, amount, position)
    SELECT b.n, ${LAST_CLAWBACK}, 0, o.lot_id, o.remaining,
      row_number() OVER (PARTITION BY b.n ORDER BY o.lot_id <> b.lot_id, o.priority, o.ends_at, o.is_paid, o.lot_id)
    FROM seed_clawbacks b JOIN seed_open o ON o.n = b.n AND (b.policy = 'debt' OR o.lot_id = b.lot_id)`,
  ];
}

/**
 * Adds `missing` searches of one credit after everything planned, so that a batch has exactly as many transactions as it
 * shall. Customers who are active go first; where nobody holds credits, there may be fewer than needed.
 */
export function fillStatements(batch: Batch, missing: number): string[] {
  const chance = chanceOf(batch.seed);
  const now = nowLiteral(batch);
  return [
    `CREATE TEMP TABLE seed_filled ON COMMIT DROP AS
    WITH lot AS (
      SELECT o.n, o.lot_id, o.remaining, sum(o.remaining) OVER (PARTITION BY o.n ORDER BY o.priority, o.ends_at, o.is_paid, o.lot_id)::int AS upto
      FROM seed_open o
    ), room AS (
      SELECT l.n, least(max(l.upto), min(c.target) / 10 + 3) AS room, max(c.active_until) AS active_until, ${chance.bits('l.n', 81)} AS turn
      FROM lot l JOIN seed_customers c ON c.n = l.n
      WHERE c.target > 1 AND l.n NOT IN (SELECT b.n FROM seed_clawbacks b)
      GROUP BY l.n
    ), given AS (
      SELECT n, least(room, ${missing} - (sum(room) OVER (ORDER BY active_until DESC, turn, n) - room))::int AS uses FROM room
    ), last_row AS (
      SELECT r.n, max(r.at) AS at FROM seed_rows r WHERE r.n IN (SELECT g.n FROM given g WHERE g.uses > 0) GROUP BY r.n
    )
    SELECT g.n, ${FILLED} + x AS i, r.at + (${now} - r.at) * (x / (g.uses + 1.0))::float8 AS at, l.lot_id
    FROM given g JOIN last_row r ON r.n = g.n CROSS JOIN LATERAL generate_series(1, g.uses) x
    JOIN lot l ON l.n = g.n AND x <= l.upto AND x > l.upto - l.remaining`,
    `INSERT INTO seed_rows (n, i, sub, at, amount, transaction_type, feature, quantity, bits)
    SELECT n, i, 0, at, -1, 'usage', 1, 1, ${chance.bits('(n * 1000000 + i)', 63)} FROM seed_filled`,
    `INSERT INTO seed_consumptions (n, i, sub, lot_id, amount, position) SELECT n, i, 0, lot_id, 1, 1 FROM seed_filled`,
    'DROP TABLE seed_filled',
  ];
}
