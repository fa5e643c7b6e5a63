import type { HttpService } from '../service/http-server.ts';
import { UsageError, wholeNumber } from './arguments.ts';
import type { Command, CommandContext, OpenLedger } from './command.ts';
import {
  API_KEY_VARIABLE,
  openStripe,
  readStripeAddress,
  STRIPE_OPTIONS,
  type StripeAddress,
} from './open-stripe.ts';
import { mayRunJobs, type ServeWork, startJobs, startStripeWork } from './serve-work.ts';

const SECRET_VARIABLE = 'STRIPE_WEBHOOK_SECRET';
const PORT = 4242;
const PORT_MAX = 65_535;
const HOST = '127.0.0.1';
/** What stands as actor on rows that events cause. */
const ACTOR = 'stripe events';
/** How long the end waits for what is under way; whatever is not finished then is taken up by the next start. */
const STOP_WITHIN_MS = 8_000;

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Answer product back ends over HTTP, and do what falls due, until stopped (Ctrl+C)',
  usage: '[--port N] [--host ADDRESS] [--no-jobs] [--stripe-base URL] [--live]',
  options: {
    port: { value: 'N', help: `where to listen (default ${PORT}; 0: a free port)` },
    host: { value: 'ADDRESS', help: `on which address (default ${HOST}: this computer only)` },
    'no-jobs': {
      value: null,
      help: 'leave expiry, notifications and the other jobs of the ledger to others',
    },
    ...STRIPE_OPTIONS,
  },
  names: { min: 0, max: 0 },
  notes: `Routes under /v1 need a key (api-key create); /openapi.json describes them. /healthz, /readyz and /metrics need none: let
nobody but your own network reach them. Requests act as credits_service, whatever more the login may do.

Stripe’s events are received (POST /stripe/webhook), read and handled, and usage is sent, where ${API_KEY_VARIABLE} and the
webhook endpoint’s secret, ${SECRET_VARIABLE}, are both set; without either, Stripe is left to others. The jobs of the ledger
run where the login is a member of credits_admin; SMTP_PASSWORD and NOTIFICATION_WEBHOOK_SECRET are for what they send.`,
  async run(context) {
    const { options, signal, serviceLog: log } = context;
    const port = portOf(options.port);
    const host = options.host ?? HOST;
    const stripe = readStripe(context);
    const ledger = await context.openLedger();
    const target =
      stripe && (await openStripe(stripe.address, { ledger, actor: ACTOR, log, now: context.now }));
    const runsJobs = options['no-jobs'] === undefined && (await mayRunJobs(ledger));
    if (signal.aborted) return { data: {}, lines: [] };

    const server = await listen(ledger, {
      stripe: target && { secret: stripe.secret, target, onReceived: () => undefined },
      host,
      port,
      log,
    });
    const work: ServeWork[] = [
      ...(target ? [startStripeWork(target, log)] : []),
      ...(runsJobs ? [startJobs(ledger, { ...context, log })] : []),
    ];
    log.info('Ready.', {
      address: server.url,
      account: target?.accountId ?? null,
      livemode: target?.livemode ?? null,
      jobs: runsJobs,
    });
    if (!target) {
      log.info(`Stripe is left to others: ${API_KEY_VARIABLE} and ${SECRET_VARIABLE} are not set.`);
    }
    if (!runsJobs) {
      log.info(
        'Jobs are left to others: --no-jobs was given, or the login is no member of credits_admin.',
      );
    }
    await context.write(
      context.json
        ? `${JSON.stringify({ listening: server.url })}\n`
        : `Listening on ${server.url}\n`,
    );
    await aborted(signal);
    log.info('Stopping: what is under way is finished first.');
    const isDone = await within(
      STOP_WITHIN_MS,
      Promise.all([server.close(), ...work.map((each) => each.stop())]),
    );
    if (isDone) log.info('Stopped.');
    else log.warn('Stopped before everything was finished; the next start goes on with it.');
    return { data: {}, lines: [] };
  },
};

/** The service on connections of its own, which end with it. */
async function listen(
  ledger: OpenLedger,
  options: Omit<
    Parameters<typeof import('../service/http-server.ts').startHttpService>[0],
    'database'
  >,
): Promise<HttpService> {
  // Fastify and what goes with it come along here, which the other commands have no use for.
  const [{ startHttpService }, { openApiPool }] = await Promise.all([
    import('../service/http-server.ts'),
    import('../service/api-pool.ts'),
  ]);
  const { host, port, log } = options;
  const database = await openApiPool({ url: ledger.url, log });
  try {
    const server = await startHttpService({ ...options, database });
    return {
      ...server,
      async close() {
        await server.close();
        await database.pool.end();
      },
    };
  } catch (error) {
    await database.pool.end();
    throw listenError(error, host, port);
  }
}

function portOf(text: string | undefined): number {
  const port = text === undefined ? PORT : wholeNumber('port', text, 0);
  if (port <= PORT_MAX) return port;
  throw new UsageError(`--port: there are ports from 0 to ${PORT_MAX} only.`);
}

/** Both of Stripe's secrets, or null where there is neither and nothing else speaks of Stripe. */
function readStripe({
  options,
  environment,
}: CommandContext): { address: StripeAddress; secret: string } | null {
  const secret = environment[SECRET_VARIABLE]?.trim() ?? '';
  const key = environment[API_KEY_VARIABLE]?.trim() ?? '';
  const isAsked = options['stripe-base'] !== undefined || options.live !== undefined;
  if (secret === '' && key === '' && !isAsked) return null;
  const address = readStripeAddress(options, environment);
  if (secret !== '') return { address, secret };
  throw new UsageError(
    `${SECRET_VARIABLE} is missing: put the webhook endpoint’s signing secret (whsec_…) into that environment variable, or leave ${API_KEY_VARIABLE} out too.`,
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
