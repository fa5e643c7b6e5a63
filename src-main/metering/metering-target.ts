import type { QueryTarget } from '#main/database/run-query.ts';
import type { Log } from '#main/logging/log.ts';
import type { StripeGateway } from '#main/stripe/gateway/gateway.ts';

/** One workspace and its Stripe account: what metering needs of both. */
export type MeteringTarget = {
  readonly database: QueryTarget;
  readonly gateway: StripeGateway;
  /** The account the workspace is bound to. Test and live mode may share its id. */
  readonly accountId: string;
  readonly livemode: boolean;
  /** What stands as actor on rows. */
  readonly actor: string;
  readonly log: Log;
  readonly now: () => Date;
};
