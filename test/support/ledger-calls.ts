import type pg from 'pg';
import { expect } from 'vitest';

/** A client or a pool whose int8 arrives as a number. */
type Queryable = Pick<pg.Pool, 'query'> | Pick<pg.Client, 'query'>;

/** Short ways to call the ledger on one connection, as somebody who may do everything. */
export function ledgerCallsOn(on: Queryable) {
  async function rows<Row = Record<string, unknown>>(text: string, values: unknown[] = []) {
    return (await on.query(text, values)).rows as Row[];
  }
  /** The one row of a function of the ledger: `one('get_balance($1)', [id])`. */
  async function one<Row = Record<string, unknown>>(call: string, values: unknown[] = []) {
    const [row] = await rows<Row>(`SELECT * FROM credits.${call}`, values);
    if (row === undefined) throw new Error(`${call} returned no row`);
    return row;
  }
  const broken = () => rows('SELECT * FROM credits.check_integrity()');
  /**
   * Waits until every database transaction that began before has ended, on the whole server: what other test files have
   * open holds back whoever reads the log by database transactions, for as long as they have it open.
   */
  async function untilSettled() {
    const [{ number } = { number: '' }] = await rows<{ number: string }>(
      'SELECT pg_current_xact_id()::text AS number',
    );
    const text = 'SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 AS settled';
    await expect
      .poll(() => rows(text, [number]), { timeout: 60_000, interval: 5 })
      .toEqual([{ settled: true }]);
  }
  return { rows, one, broken, untilSettled };
}

/** Matches a ledger error by its SQLSTATE, its message and some of the facts in its detail. */
export function refusal(code: string, message: string, detail: Record<string, unknown>) {
  return expect.objectContaining({
    code,
    message,
    detail: expect.toSatisfy((text: string) => {
      const actual = JSON.parse(text) as Record<string, unknown>;
      return Object.entries(detail).every(([key, value]) => actual[key] === value);
    }, JSON.stringify(detail)),
  });
}
