import type { Log } from '#main/logging/log.ts';
import { AppError } from '#shared/errors.ts';
import type { StripeTarget } from '../stripe-target.ts';
import { isPortTaken } from './port-taken.ts';

/** Starts the HTTP server of webhooks. Throws EADDRINUSE where the port is taken. */
export type StartWebhookServer = (options: {
  secret: string;
  target: StripeTarget;
  host: '127.0.0.1';
  port: number;
  log: Log;
  onChange: () => void;
}) => Promise<{ url: string; close: () => Promise<void> }>;

export type WebhookReceiver = {
  readonly state: () => { url: string | null; error: string | null };
  /** Starts it; what goes wrong is in its state. */
  readonly start: (options: {
    connectionId: string;
    secret: string;
    target: StripeTarget;
  }) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const FIRST_PORT = 42_420;
const PORTS_TRIED = 20;

/**
 * The receiver of webhooks in the console: on this computer's loopback only, for `stripe listen`. Its port is kept, because
 * `stripe listen` was told it; where it is taken the next free one serves until the next start, and the state says so.
 */
export function createWebhookReceiver(options: {
  startServer: StartWebhookServer;
  keptPort: (connectionId: string) => number | null;
  keepPort: (connectionId: string, port: number) => Promise<void>;
  log: Log;
  onChange: () => void;
}): WebhookReceiver {
  const { log } = options;
  let server: { url: string; close: () => Promise<void> } | undefined;
  let error: string | null = null;

  async function startFrom(
    first: number,
    parts: { secret: string; target: StripeTarget },
  ): Promise<number> {
    for (let port = first; ; port += 1) {
      try {
        server = await options.startServer({
          ...parts,
          host: '127.0.0.1',
          port,
          log,
          onChange: options.onChange,
        });
        return port;
      } catch (failure) {
        const next = port + 1;
        if (!isPortTaken(failure) || next >= first + PORTS_TRIED || next > 65_535) throw failure;
      }
    }
  }

  return {
    state: () => ({ url: server?.url ?? null, error }),
    async start({ connectionId, ...parts }) {
      const kept = options.keptPort(connectionId);
      error = null;
      try {
        const port = await startFrom(kept ?? FIRST_PORT, parts);
        if (kept === null) await options.keepPort(connectionId, port);
        else if (port !== kept) {
          error = `Port ${kept} is taken by another program, so the receiver listens on ${port} until the console starts again. Tell stripe listen the new address.`;
        }
      } catch (failure) {
        log.warn('The receiver of webhooks could not start.', failure);
        error = `The receiver could not start: ${failure instanceof Error ? failure.message : String(failure)}. Events still come in by polling.`;
      }
    },
    async stop() {
      const closing = server;
      server = undefined;
      error = null;
      await closing
        ?.close()
        .catch((failure: unknown) =>
          log.warn('The receiver of webhooks could not be closed.', failure),
        );
    },
  };
}

const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/=_-]{8,}$/;

/** Reads a pasted secret. Throws `invalid_argument` (field secret) where it is none. */
export function readWebhookSecret(pasted: string): string {
  const text = pasted.trim();
  if (WEBHOOK_SECRET.test(text)) return text;
  throw new AppError(
    'invalid_argument',
    'This is not the secret of a webhook endpoint: one begins with whsec_. Nothing was changed.',
    { fields: { secret: 'begins with whsec_' } },
  );
}
