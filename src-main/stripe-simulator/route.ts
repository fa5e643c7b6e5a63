import type { World } from './world.ts';

/** A request that passed the checks: known parameters of the right types, as Stripe's own types say. */
export type SimulatedRequest = {
  /** Parts of the path, such as { customer: 'cus_1' }. */
  readonly path: Readonly<Record<string, string>>;
  /** Body of a POST or query of a GET/DELETE, decoded (arrays, numbers, booleans); without `expand`. */
  // biome-ignore lint/suspicious/noExplicitAny: the schema has checked it; each handler states the type it reads
  readonly parameters: any;
  /** True for a key of the restricted kind whose permissions lack this one; used to answer like Stripe. */
  readonly apiKey: string;
};

/**
 * One call of Stripe's API. `parameters` names the checked request type as `METHOD path`, which the generated schema has;
 * the path is written as Stripe's reference writes it, such as /v1/customers/{customer}.
 */
export type Route = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The permission a restricted key needs, such as rak_customer_write. */
  readonly permission?: string;
  /** True where the parameters are not checked against the schema (calls that stripe-node has no type for). */
  readonly unchecked?: boolean;
  readonly handle: (world: World, request: SimulatedRequest) => object;
};

/** What Stripe answers when it refuses. Thrown by handlers; the server writes it as `{ error }`. */
export class StripeRefusal extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | undefined;
  readonly parameter: string | undefined;
  /** Further fields of the error, such as `decline_code` and `payment_intent` of a declined card. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    message: string,
    options: {
      type?:
        | 'invalid_request_error'
        | 'card_error'
        | 'api_error'
        | 'idempotency_error'
        | 'rate_limit_error';
      code?: string;
      parameter?: string;
      details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message);
    this.name = 'StripeRefusal';
    this.status = status;
    this.type = options.type ?? 'invalid_request_error';
    this.code = options.code;
    this.parameter = options.parameter;
    this.details = options.details ?? {};
  }
}
