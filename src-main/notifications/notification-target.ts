import type { QueryTarget } from '#main/database/run-query.ts';
import type { Log } from '#main/logging/log.ts';
import type { NotificationSecrets } from './secrets.ts';

/** One workspace, and what this process needs to tell its customers. */
export type NotificationTarget = {
  readonly database: QueryTarget;
  readonly log: Log;
  readonly now: () => Date;
  readonly secrets: NotificationSecrets;
};
