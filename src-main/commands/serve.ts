import { startUsageWork } from '../metering/outbox/usage-work.ts';
import { startEventWork } from '../stripe/inbox/event-work.ts';
import { startRefundWork } from '../stripe/refunds/refund-work.ts';
import { UsageError, wholeNumber } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { openStripe, readStripeAddress, STRIPE_OPTIONS } from './open-stripe.ts';

const SECRET_VARIABLE = 'STRIPE_WEBHOOK_SECRET';
const PORT = 4242;
const PORT_MAX = 65_535;
const HOST = '127.0.0.1';
const POLL_EVERY_MS = 10_000;
const READ_METER_ERRORS_EVERY_MS = 60_000;
/** What stands as actor on rows that events cause. */
const ACTOR = 'stripe events';
/** How long the end waits for what is under way; whatever is not finished then is taken up by the next start. */
const STOP_WITHIN_MS = 8_000;

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Receive and handle Stripe’s events, and send usage, until stopped (Ctrl+C)',
  usage: '[--port N] [--host ADDRESS] [--stripe-base URL] [--live]',
  options: {
    port: { value: 'N', help: `where to listen (default ${PORT}; 0: a free port)` },
    host: { value: 'ADDRESS', help: `on which address (default ${HOST}: this computer only)` },
    ...STRIPE_OPTIONS,
  },
  names: { min: 0, max: 0 },
  notes: `The key is read from STRIPE_API_KEY, the webhook endpoint’s secret from ${SECRET_VARIABLE}. Webhooks go to POST /stripe/webhook.`,
  async run(context) {
    const { options, environment, openLedger, write, signal, serviceLog: log } = context;
    const port = portOf(options.port);
    const host = options.host ?? HOST;
    const address = readStripeAddress(options, environment);
    const secret = secretOf(environment);
    const ledger = await openLedger();
    const target = await openStripe(address, { ledger, actor: ACTOR, log, now: context.now });
    if (signal.aborted) return { data: {}, lines: [] };

    // Fastify comes along with it, which the other commands have no use for.
    const { startWebhookServer } = await import('../service/webhook-server.ts');
    const server = await startWebhookServer({
      secret,
      target,
      host,
      port,
      log,
      onReceived: () => undefined,
    }).catch((error: unknown) => {
      throw listenError(error, host, port);
    });
    const onBillingChange = (customerId: string | null) =>
      log.info('Credits or billing changed.', { customerId });
    const work = startEventWork(target, {
      poll: true,
      pollEveryMs: POLL_EVERY_MS,
      onChange: () => undefined,
      onBillingChange,
    });
    const refunds = startRefundWork(target, { onBillingChange });
    const usage = startUsageWork(target, {
      readErrorsEveryMs: READ_METER_ERRORS_EVERY_MS,
      onChange: () => undefined,
    });
    log.info('Ready.', {
      address: server.url,
      account: target.accountId,
      livemode: target.livemode,
    });
    await write(
      context.json
        ? `${JSON.stringify({ listening: server.url })}\n`
        : `Listening on ${server.url}\n`,
    );
    await aborted(signal);
    log.info('Stopping: what is under way is finished first.');
    const isDone = await within(
      STOP_WITHIN_MS,
      Promise.all([server.close(), work.stop(), refunds.stop(), usage.stop()]),
    );
    if (isDone) log.info('Stopped.');
    else log.warn('Stopped before everything was finished; the next start goes on with it.');
    return { data: {}, lines: [] };
  },
};

function portOf(text: string | undefined): number {
  const port = text === undefined ? PORT : wholeNumber('port', text, 0);
  if (port <= PORT_MAX) return port;
  throw new UsageError(`--port: there are ports from 0 to ${PORT_MAX} only.`);
}

function secretOf(environment: CommandContext['environment']): string {
  const secret = environment[SECRET_VARIABLE]?.trim() ?? '';
  if (secret !== '') return secret;
  throw new UsageError(
    `${SECRET_VARIABLE} is missing: put the webhook endpoint’s signing secret (whsec_…) into that environment variable.`,
  );
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return new UsageError(
        `Port ${port} of ${host} is in use by another program. Choose another with --port, or 0 for a free one.`,
      );
    case 'EACCES':
      return new UsageError(`This user may not listen on port ${port}. Choose one with --port.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UsageError(`--host: ${host} is no address of this computer.`);
    default:
      return error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** True where the work ended within the time. */
function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    work.then(
      () => {
        clearTimeout(timer);
        resolve(true);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
