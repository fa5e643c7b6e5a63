import { join } from 'node:path';

/** Where the ledger's SQL files lie: beside this file in the sources, beside the bundle once built. */
export const SQL_FOLDER = join(import.meta.dirname, 'sql');
