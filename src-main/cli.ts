import os from 'node:os';
import { pathToFileURL } from 'node:url';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { AppError, type ErrorCode } from '#shared/errors.ts';
import { apiKeyCreateCommand } from './commands/api-key-create.ts';
import { apiKeyListCommand } from './commands/api-key-list.ts';
import { apiKeyRevokeCommand } from './commands/api-key-revoke.ts';
import { UsageError } from './commands/arguments.ts';
import { balanceCommand } from './commands/balance.ts';
import { checkCommand } from './commands/check.ts';
import { type Command, optionsConfig } from './commands/command.ts';
import { expireCommand } from './commands/expire.ts';
import { exportTransactionsCommand } from './commands/export-transactions.ts';
import { foldCommand } from './commands/fold.ts';
import { migrateCommand } from './commands/migrate.ts';
import { ledgerSource } from './commands/open-ledger.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { seedDemoCommand } from './commands/seed-demo.ts';
import { serveCommand } from './commands/serve.ts';
import { toAppError } from './ipc/wire-errors.ts';
import { createLog, silentLog } from './logging/log.ts';
import { redactText } from './logging/redact.ts';

const COMMANDS: readonly Command[] = [
  migrateCommand,
  seedDemoCommand,
  balanceCommand,
  checkCommand,
  expireCommand,
  exportTransactionsCommand,
  foldCommand,
  serveCommand,
  apiKeyCreateCommand,
  apiKeyListCommand,
  apiKeyRevokeCommand,
  reconcileCommand,
];

const DATABASE_URL_VARIABLE = 'CREDIT_CONSOLE_DATABASE_URL';

const COMMON: ParseArgsOptionsConfig = {
  'database-url': { type: 'string' },
  json: { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

const COMMON_HELP = `Common options
  --database-url URL   postgresql://user:password@host:port/database; also read from ${DATABASE_URL_VARIABLE},
                       which keeps the password out of the list of processes (default: the embedded database of the
                       data folder, CREDIT_CONSOLE_DATA)
  --json               answer, and errors, as JSON
  --verbose            tell what the embedded database does, on standard error
  --help, -h           this text, or a command's own

Exit codes
  0  done
  1  the ledger or Stripe refused, or check or reconcile found something
  2  what was typed cannot be used
  3  the database or Stripe cannot be reached or used, or the ledger is of another version
  4  the connection was lost before the answer came: the outcome is unknown
  5  a file could not be written, or the disk is full
  6  something unexpected went wrong
  130  cancelled
`;

/** Where the command line reads and writes; the process's own, or a test's. */
export type Terminal = {
  arguments: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  /** Resolves when more can be taken. */
  writeOutput: (text: string) => Promise<void>;
  writeError: (text: string) => void;
  /** True where a person watches standard error. */
  showsProgress: boolean;
  signal: AbortSignal;
};

/** Runs one command and returns the exit code. Never throws; never prints a password. */
export async function runCli(terminal: Terminal): Promise<number> {
  const json = terminal.arguments.includes('--json');
  try {
    return await runCommand(terminal);
  } catch (error) {
    const { code, message, details, exitCode } = describe(error);
    terminal.writeError(
      json
        ? `${JSON.stringify({ error: { code, message: redactText(message), details } })}\n`
        : `${code}: ${redactText(message)}\n`,
    );
    return exitCode;
  }
}

async function runCommand(terminal: Terminal): Promise<number> {
  const found = findCommand(terminal.arguments);
  if (!found) {
    const { values } = parse(terminal.arguments, COMMON);
    if (values.help !== true && terminal.arguments.length > 0) {
      throw new UsageError('There is no such command. --help lists them.');
    }
    await terminal.writeOutput(overview());
    return terminal.arguments.length === 0 ? EXIT.usage : EXIT.done;
  }
  const { command, rest } = found;
  const { values, positionals } = parse(rest, { ...COMMON, ...optionsConfig(command) });
  if (values.help === true) {
    await terminal.writeOutput(helpOf(command));
    return EXIT.done;
  }
  if (positionals.length < command.names.min || positionals.length > command.names.max) {
    throw new UsageError(`Usage: ${command.name} ${command.usage}`.trimEnd());
  }
  const json = values.json === true;
  const source = ledgerSource({
    // Set to nothing is not set.
    databaseUrl:
      values['database-url']?.toString() ||
      terminal.environment[DATABASE_URL_VARIABLE] ||
      undefined,
    environment: terminal.environment,
    actor: systemUser(),
    log:
      values.verbose === true ? createLog((line) => terminal.writeError(`${line}\n`)) : silentLog,
  });
  try {
    const result = await command.run({
      options: texts(values),
      names: positionals,
      json,
      openLedger: source.openLedger,
      databaseAddress: source.databaseAddress,
      environment: terminal.environment,
      serviceLog: createLog((line) => terminal.writeError(`${line}\n`)),
      write: terminal.writeOutput,
      progress: (text) => {
        if (terminal.showsProgress && !json) terminal.writeError(`\r${text}\u001b[K`);
      },
      signal: terminal.signal,
      now: () => new Date(),
    });
    if (terminal.showsProgress && !json) terminal.writeError('\r\u001b[K');
    const text = json ? JSON.stringify(result.data) : result.lines.join('\n');
    if (text !== '') await terminal.writeOutput(`${text}\n`);
    return result.failed === true ? EXIT.refused : EXIT.done;
  } finally {
    await source.close();
  }
}

function findCommand(given: readonly string[]): { command: Command; rest: string[] } | undefined {
  for (const command of COMMANDS) {
    const words = command.name.split(' ');
    if (words.every((word, index) => given[index] === word)) {
      return { command, rest: given.slice(words.length) };
    }
  }
  return undefined;
}

function parse(given: readonly string[], options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args: [...given], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Says which option is unknown or lacks its value.
    const [what] = (error instanceof Error ? error.message : '').split(/\.\s/);
    throw new UsageError(`${what || 'The options cannot be read'}. --help tells what there is.`);
  }
}

function texts(values: Record<string, unknown>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value === undefined ? undefined : String(value),
    ]),
  );
}

function overview(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  return [
    'Usage: npm run cli -- <command> [options]',
    '',
    ...COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    COMMON_HELP,
  ].join('\n');
}

function helpOf(command: Command): string {
  const options = Object.entries(command.options).map(
    ([name, { value, help }]) =>
      [value === null ? `--${name}` : `--${name} ${value}`, help] as const,
  );
  const width = Math.max(0, ...options.map(([name]) => name.length));
  return [
    `Usage: npm run cli -- ${command.name} ${command.usage}`.trimEnd(),
    '',
    `${command.summary}.`,
    '',
    ...options.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`),
    ...(options.length > 0 ? [''] : []),
    ...(command.notes === undefined ? [] : [command.notes, '']),
    COMMON_HELP,
  ].join('\n');
}

const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  database: 3,
  stripe: 3,
  unknown: 4,
  file: 5,
  unexpected: 6,
  cancelled: 130,
} as const;

function describe(error: unknown) {
  if (error instanceof UsageError) {
    return { code: 'usage', message: error.message, details: undefined, exitCode: EXIT.usage };
  }
  const known = toAppError(error, 'command');
  if (known) {
    const { code, message, details } = known;
    return { code, message, details, exitCode: exitCodeOf(code) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'internal',
    message: `Something unexpected went wrong: ${message}`,
    details: undefined,
    exitCode: EXIT.unexpected,
  };
}

function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'invalid_argument':
    case 'not_permitted':
    case 'limit_exceeded':
    case 'not_found':
    case 'idempotency_conflict':
    case 'already_processed':
    case 'hold_closed':
    case 'already_spent':
    case 'already_reversed':
    case 'insufficient_credits':
    case 'confirmation_required':
      return EXIT.refused;
    case 'unknown_procedure':
    case 'sender_refused':
      return EXIT.usage;
    case 'database_unavailable':
    case 'database_password':
    case 'database_not_found':
    case 'database_tls':
    case 'database_version':
    case 'database_folder':
    case 'not_postgresql':
    case 'schema_missing':
    case 'schema_outdated':
    case 'schema_newer':
      return EXIT.database;
    case 'stripe_not_found':
    case 'stripe_refused':
    case 'stripe_metadata':
    case 'webhook_signature':
    case 'delivery_failed':
      return EXIT.refused;
    case 'stripe_not_connected':
    case 'stripe_key_invalid':
    case 'stripe_live_disabled':
    case 'stripe_other_account':
    case 'stripe_other_mode':
    case 'stripe_permission':
    case 'stripe_unavailable':
    case 'stripe_rate_limited':
      return EXIT.stripe;
    case 'outcome_unknown':
      return EXIT.unknown;
    case 'disk_full':
    case 'file_error':
      return EXIT.file;
    case 'cancelled':
      return EXIT.cancelled;
    case 'internal':
      return EXIT.unexpected;
  }
}

function systemUser(): string {
  try {
    return os.userInfo().username || 'unknown';
  } catch {
    // A user without an entry in the system's list, as in some containers.
    return process.env.USER || 'unknown';
  }
}

const EXIT_WITHIN_MS = 500;

async function main(): Promise<void> {
  const stop = new AbortController();
  process.on('SIGINT', () => stop.abort(new AppError('cancelled', 'Cancelled.')));
  process.on('SIGTERM', () => stop.abort(new AppError('cancelled', 'Cancelled.')));
  // Whoever reads the output (head, less) may close it early; that is the end, not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stop.abort(new AppError('cancelled', 'The output was closed.'));
  });
  process.exitCode = await runCli({
    arguments: process.argv.slice(2),
    environment: process.env,
    writeOutput: (text) =>
      new Promise((resolve) => {
        process.stdout.write(text, () => resolve());
      }),
    writeError: (text) => process.stderr.write(text),
    showsProgress: process.stderr.isTTY === true,
    signal: stop.signal,
  });
  // A call to Stripe that was given up may still wait for its answer; it does not hold the end up.
  setTimeout(() => process.exit(), EXIT_WITHIN_MS).unref();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main();
}
