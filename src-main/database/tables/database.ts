import type { DB } from './generated.ts';

/** The ledger's tables as Kysely sees them. `generated.ts` is made from the database and held current by a test. */
export type Database = DB;
