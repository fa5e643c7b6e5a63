/** What a failed call of the credits service says. */
export type CreditsFailure = {
  /** HTTP status; 0 where no answer came, 422 where nothing was sent. */
  status: number;
  /**
   * As the service names it (`insufficient_credits`, `hold_closed`, `idempotency_conflict` …), or `unreachable` (no
   * answer), `unexpected_answer` (something else answers at this address), `already_processed` (this key was paid before).
   */
  code: string;
  message: string;
  /** The rest of the answer: `required`, `balance`, `available`, `purchase_url`, `first_id` … */
  details?: Record<string, unknown>;
  /** So long the service asks to wait. */
  retryAfterMs?: number;
  cause?: unknown;
};

/** A call of the credits service that failed. Nothing was changed by it, unless `outcomeUnknown`. */
export class CreditsError extends Error {
  override readonly name = 'CreditsError';
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly retryAfterMs: number | undefined;
  /** An attempt of this call may have taken effect: its answer was lost. Repeat with the same key to learn it. */
  outcomeUnknown = false;

  constructor({ status, code, message, details = {}, retryAfterMs, cause }: CreditsFailure) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }

  /** The answer as the service sent it, to be passed on. */
  get body(): Record<string, unknown> {
    return { error: this.code, message: this.message, ...this.details };
  }

  /** The service is down, overloaded or out of reach: later the same call may work. */
  get isUnavailable(): boolean {
    return this.code === 'unreachable' || this.status === 429 || this.status >= 500;
  }
}
