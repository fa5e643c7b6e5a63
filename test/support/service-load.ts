import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { type HttpClient, httpClient } from './http-lanes.ts';

/**
 * Keys as the client knows them: of each it asked with, what it was answered. `used` with the transaction that was named;
 * `refused` for want of credits; `asked` where no answer has come yet.
 */
export type KeyList = Map<
  string,
  { customerId: string; outcome: 'asked' | 'used' | 'refused'; transactionId?: string }
>;

/** Where the service can be reached now; changes when it is started anew. */
export type Address = () => { url: string; key: string };

const FEATURE = 'basic_search';
/** A moment between two tries while the service or its database is away. */
const AGAIN_AFTER_MS = 25;
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Uses a feature from `lanes` lanes at once until `isOver`, each with a new key as soon as the one before was answered. A key
 * without an answer is asked with again until there is one, as a careful client does: also past the end.
 */
export async function useUnderLoad(
  address: Address,
  options: {
    customers: readonly string[];
    lanes: number;
    isOver: () => boolean;
    onAnswer?: (outcome: 'used' | 'refused') => void;
  },
): Promise<{ keys: KeyList; repeated: number }> {
  const keys: KeyList = new Map();
  const run = randomBytes(5).toString('hex');
  let made = 0;
  let repeated = 0;
  let client: { http: HttpClient; url: string } | undefined;
  function http(): HttpClient {
    const { url, key } = address();
    if (client?.url !== url) {
      client?.http.close();
      client = { url, http: httpClient({ url, key, lanes: options.lanes }) };
    }
    return client.http;
  }
  async function lane(): Promise<void> {
    while (!options.isOver()) {
      made += 1;
      const key = `${run}-${made}`;
      const customerId = options.customers[made % options.customers.length] ?? '';
      const entry: {
        customerId: string;
        outcome: 'asked' | 'used' | 'refused';
        transactionId?: string;
      } = { customerId, outcome: 'asked' };
      keys.set(key, entry);
      while (entry.outcome === 'asked') {
        const answer = await http()
          .post(`/v1/customers/${encodeURIComponent(customerId)}/usage`, {
            feature: FEATURE,
            idempotency_key: key,
          })
          .catch(() => undefined);
        if (answer?.status === 200) {
          entry.outcome = 'used';
          entry.transactionId = String(answer.body.transaction_id);
        } else if (answer?.status === 402) {
          entry.outcome = 'refused';
        } else if (answer !== undefined && answer.status !== 503) {
          throw new Error(`The service answered ${answer.status}: ${JSON.stringify(answer.body)}`);
        } else {
          repeated += 1;
          await wait(AGAIN_AFTER_MS);
          continue;
        }
        options.onAnswer?.(entry.outcome);
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: options.lanes }, lane));
  } finally {
    client?.http.close();
  }
  return { keys, repeated };
}

/** What differs between the client's list and the log, a sentence each: none where every acknowledged use is there once and nothing else is. */
export async function compareKeys(
  database: { query: pg.Pool['query'] },
  keys: KeyList,
  customers: readonly string[],
): Promise<string[]> {
  const { rows } = await database.query<{ customer_id: string; key: string; id: string }>(
    `SELECT customer_id, idempotency_key AS key, id::text FROM credits.credit_transactions
     WHERE customer_id = ANY ($1) AND transaction_type = 'usage'`,
    [customers],
  );
  const wrong: string[] = [];
  const found = new Map(rows.map((row) => [row.key, row]));
  if (found.size !== rows.length) wrong.push('A key stands on two transactions.');
  for (const [key, { outcome, customerId, transactionId }] of keys) {
    const row = found.get(key);
    if (outcome === 'asked') wrong.push(`${key} was never answered.`);
    else if (outcome === 'refused' && row) wrong.push(`${key} was refused, and is in the log.`);
    else if (outcome === 'used' && (row?.id !== transactionId || row?.customer_id !== customerId)) {
      wrong.push(
        `${key} was acknowledged as ${transactionId}, and the log has ${row?.id ?? 'nothing'}.`,
      );
    }
  }
  for (const { key } of rows) {
    if (!keys.has(key)) wrong.push(`${key} is in the log, and nobody asked for it.`);
  }
  return wrong;
}
