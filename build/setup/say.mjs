let quiet = false;

/** From here on set-up says nothing: the standard output belongs to a command's own result. */
export function beQuiet() {
  quiet = true;
}

/** True when set-up is to keep the terminal for the command that follows. */
export function isQuiet() {
  return quiet;
}

/**
 * One line about what set-up does.
 * @param {string} line
 */
export function say(line) {
  if (!quiet) process.stdout.write(`[set-up] ${line}\n`);
}

/** Set-up cannot go on; the message says what the reader can do about it. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}

/**
 * Runs a command's whole life: its result is the exit code, a SetupError is told without a stack.
 * @param {() => Promise<number>} command
 */
export async function main(command) {
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\n[set-up] ${error.message}\n`);
    process.exitCode = 1;
  }
}
