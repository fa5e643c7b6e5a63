import { schemaState } from '#main/database/migrate.ts';
import type { QueryTarget } from '#main/database/run-query.ts';

export type Readiness = { ready: true } | { ready: false; why: string };

/** So long one answer stands: probes of several kinds come at once. */
const STANDS_MS = 1_000;
const ANSWER_WITHIN_MS = 3_000;

/** Whether the database answers and its ledger is this version's. Never throws; answers within three seconds. */
export function createReadiness(pool: QueryTarget['pool']): () => Promise<Readiness> {
  let last: { answer: Promise<Readiness>; at: number } | undefined;
  return () => {
    const now = performance.now();
    if (last && now - last.at < STANDS_MS) return last.answer;
    last = { answer: inTime(ask(pool)), at: now };
    return last.answer;
  };
}

async function ask(pool: QueryTarget['pool']): Promise<Readiness> {
  try {
    const state = await schemaState(pool);
    return state === 'current'
      ? { ready: true }
      : { ready: false, why: `The ledger in the database is ${state}.` };
  } catch {
    return { ready: false, why: 'The database does not answer.' };
  }
}

async function inTime(asked: Promise<Readiness>): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Readiness>((resolve) => {
    const answer: Readiness = { ready: false, why: 'The database does not answer in time.' };
    timer = setTimeout(() => resolve(answer), ANSWER_WITHIN_MS);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
