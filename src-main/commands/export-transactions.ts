import path from 'node:path';
import {
  type CsvOptions,
  exportTransactions,
  writeTransactionsCsv,
} from '#main/transactions/export-transactions.ts';
import { type TransactionFilter, transactionFilterSchema } from '#shared/ipc/transactions.ts';
import { addDays, daySchema, isTimeZone, startOfDay } from '#shared/time.ts';
import { UsageError, wholeNumber } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';

export const exportTransactionsCommand: Command = {
  name: 'export transactions',
  summary: 'Write transactions as CSV, newest first',
  usage: '[filters] [--output FILE]',
  options: {
    output: { value: 'FILE', help: 'where to write (default: standard output)' },
    type: { value: 'T[,T…]', help: 'only these types, such as usage or bonus,refund' },
    feature: { value: 'NAME', help: 'only this feature' },
    actor: { value: 'NAME', help: 'only what this actor did' },
    customer: { value: 'ID', help: 'only this customer' },
    min: { value: 'N', help: 'only movements of at least N credits, in or out' },
    max: { value: 'N', help: 'only movements of at most N credits, in or out' },
    from: {
      value: 'TIME',
      help: 'from this day or instant on (2026-01-31 or 2026-01-31T12:00:00Z)',
    },
    to: { value: 'TIME', help: 'up to and including this day, or before this instant' },
    text: { value: 'TEXT', help: 'any part of the description, or a whole id, payment id or key' },
    'time-zone': { value: 'ZONE', help: 'of days, and of a second column of times (default UTC)' },
  },
  names: { min: 0, max: 0 },
  async run({ options, json, openLedger, write, progress, signal }) {
    const timeZone = options['time-zone'] ?? 'UTC';
    if (!isTimeZone(timeZone))
      throw new UsageError(`--time-zone: "${timeZone}" is not a time zone.`);
    const filter = filterOf(options, timeZone);
    const { output } = options;
    if (json && output === undefined) {
      throw new UsageError('--json needs --output FILE here: standard output is the CSV’s.');
    }
    const ledger = await openLedger();
    const csv: CsvOptions = {
      filter,
      timeZone,
      signal,
      onProgress: (rows) => progress(`${rows.toLocaleString('en')} transactions`),
    };
    if (output === undefined) {
      const rows = await writeTransactionsCsv(ledger, { ...csv, write });
      return { data: { rows }, lines: [] };
    }
    const file = path.resolve(output);
    const rows = await exportTransactions(ledger, { ...csv, file });
    return {
      data: { rows, file },
      lines: [`Wrote ${rows.toLocaleString('en')} transactions to ${file}.`],
    };
  },
};

function filterOf(options: CommandContext['options'], timeZone: string): TransactionFilter {
  const given = {
    types: options.type?.split(',').map((type) => type.trim()),
    feature: options.feature,
    actor: options.actor,
    customerId: options.customer,
    amountMin: options.min === undefined ? undefined : wholeNumber('min', options.min, 1),
    amountMax: options.max === undefined ? undefined : wholeNumber('max', options.max, 1),
    from: instantOf(options.from, (day) => startOfDay(day, timeZone)),
    to: instantOf(options.to, (day) => startOfDay(addDays(day, 1), timeZone)),
    text: options.text,
  };
  const parsed = transactionFilterSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = String(issue?.path[0] ?? '');
  throw new UsageError(`--${OPTION_OF[field] ?? field}: ${issue?.message ?? 'cannot be used'}.`);
}

const OPTION_OF: Readonly<Record<string, string>> = {
  types: 'type',
  customerId: 'customer',
  amountMin: 'min',
  amountMax: 'max',
};

function instantOf(text: string | undefined, ofDay: (day: string) => Date): string | undefined {
  return text !== undefined && daySchema.safeParse(text).success ? ofDay(text).toISOString() : text;
}
