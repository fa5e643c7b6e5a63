import type { QueryTarget } from '#main/database/run-query.ts';
import type { Log } from '../logging/log.ts';
import type { StripeGateway } from './gateway/gateway.ts';

/** One workspace and its Stripe account: what everything that brings the two together needs. */
export type StripeTarget = {
  readonly database: QueryTarget;
  readonly gateway: StripeGateway;
  /** The account the workspace is bound to; on every row that came from Stripe. */
  readonly accountId: string;
  readonly livemode: boolean;
  /** What stands as actor on rows that an event caused, such as "stripe events". */
  readonly actor: string;
  readonly log: Log;
  readonly now: () => Date;
};
