import type { ParseArgsOptionsConfig } from 'node:util';
import type { QueryTarget } from '#main/database/run-query.ts';
import type { Author } from '#main/ledger/ledger-session.ts';
import type { Log } from '../logging/log.ts';

/** A ledger that a command works on. */
export type OpenLedger = QueryTarget & {
  readonly author: Author;
  /** Where it is, for further connections of the same login; holds the password. */
  readonly url: string;
};

export type CommandContext = {
  /** What was given as options, unparsed; 'true' for one that takes nothing. */
  options: Readonly<Record<string, string | undefined>>;
  /** What was given without an option. */
  names: readonly string[];
  json: boolean;
  /** Connects when called; the host closes it. `as: 'owner'` where the command needs the right to make tables and rows. */
  openLedger: (as?: 'person' | 'owner') => Promise<OpenLedger>;
  /** Where the database is, for what connects by itself; holds the password. */
  databaseAddress: () => Promise<string>;
  environment: Readonly<Record<string, string | undefined>>;
  /** For commands that run until they are stopped: lines on standard error, whether or not --verbose was given. */
  serviceLog: Log;
  /** Writes to standard output; resolves when more can be taken. */
  write: (text: string) => Promise<void>;
  /** Tells a person at a terminal how far it is. */
  progress: (text: string) => void;
  signal: AbortSignal;
  now: () => Date;
};

export type CommandResult = {
  /** The answer for programs. */
  data: Record<string, unknown>;
  /** The answer for people; one line each. */
  lines: string[];
  /** True where the command ran and what it looked at is not in order. */
  failed?: boolean;
};

export type Command = {
  /** As it is typed, such as `export transactions`. */
  name: string;
  summary: string;
  /** What follows the name, for the help. */
  usage: string;
  /** Each option of its own with what it takes (null: nothing, it is there or not) and its help. */
  options: Readonly<Record<string, { value: string | null; help: string }>>;
  /** A sentence or two below the options, for the help. */
  notes?: string;
  /** How many names it takes. */
  names: { min: number; max: number };
  run: (context: CommandContext) => Promise<CommandResult>;
};

/** The command's options for node:util parseArgs. */
export function optionsConfig(command: Command): ParseArgsOptionsConfig {
  return Object.fromEntries(
    Object.entries(command.options).map(([name, { value }]) => [
      name,
      { type: value === null ? ('boolean' as const) : ('string' as const) },
    ]),
  );
}
