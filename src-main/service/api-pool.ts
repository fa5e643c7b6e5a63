import { openDatabase } from '#main/database/connect.ts';
import type { QueryTarget } from '#main/database/run-query.ts';
import { AppError } from '#shared/errors.ts';
import type { Log } from '../logging/log.ts';

const ROLE = 'credits_service';
/** Connections to the database at once, of one service. */
export const API_CONNECTIONS = 16;
const STATEMENT_SECONDS = 10;
/** More than a statement may take: only where nothing comes at all is the connection given up. */
const ANSWER_SECONDS_MORE = 3;
const CONNECT_SECONDS = 5;

/**
 * The connections that requests are answered on. Every session acts as credits_service, which spends, holds and looks, and
 * grants nothing and reads no table: whatever a request contained, and whatever more the login may do. The caller ends the
 * pool. Errors: those of openDatabase; not_permitted where the login is no member of credits_service.
 */
export async function openApiPool(options: {
  url: string;
  log: Log;
  connections?: number | undefined;
  /** How long the server lets a statement run. Default 10. */
  statementSeconds?: number | undefined;
}): Promise<Pick<QueryTarget, 'pool'>> {
  const statementSeconds = options.statementSeconds ?? STATEMENT_SECONDS;
  const pool = await openDatabase({
    url: options.url,
    role: ROLE,
    actor: 'service',
    applicationName: 'credit-console service',
    max: options.connections ?? API_CONNECTIONS,
    statementTimeoutSeconds: statementSeconds,
    answerTimeoutSeconds: statementSeconds + ANSWER_SECONDS_MORE,
    connectionTimeoutSeconds: CONNECT_SECONDS,
    log: (message) => options.log.warn(message),
  }).catch((error: unknown) => {
    throw isNoMember(error) ? notAMember(error) : error;
  });
  return { pool };
}

function isNoMember(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (/permission denied to set role|role "credits_service" does not exist/.test(each.message)) {
      return true;
    }
  }
  return false;
}

function notAMember(cause: unknown): AppError {
  return new AppError(
    'not_permitted',
    `The database login may not act as ${ROLE}, so no request could be answered. Nothing was changed. ` +
      `Let whoever manages the database run: GRANT ${ROLE} TO the login.`,
    { details: { needs: ROLE }, cause },
  );
}
