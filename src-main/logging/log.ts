import { redact, redactText } from './redact.ts';

export type LogLevel = 'info' | 'warn' | 'error';

/** Where the console writes what happened. Passwords are taken out whatever is passed in. */
export type Log = {
  readonly [Level in LogLevel]: (message: string, details?: unknown) => void;
};

/** A log that passes whole lines on, in time order: `2026-11-22T08:00:00.000Z info message {"details":…}`. */
export function createLog(
  write: (line: string, level: LogLevel) => void,
  now = () => new Date(),
): Log {
  const at = (level: LogLevel) => (message: string, details?: unknown) =>
    write(formatLine(now(), level, message, details), level);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

/** For hosts that keep no log. */
export const silentLog: Log = createLog(() => undefined);

function formatLine(time: Date, level: LogLevel, message: string, details: unknown): string {
  // One entry is one line: line breaks in foreign text must not be able to forge another entry.
  const text = redactText(message).replace(/[\r\n]+/g, ' ⏎ ');
  const rest = details === undefined ? '' : ` ${JSON.stringify(redact(details))}`;
  return `${time.toISOString()} ${level} ${text}${rest}`;
}
