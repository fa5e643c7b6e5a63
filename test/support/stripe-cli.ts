import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

/** The official Stripe CLI of the packages, or undefined where it has none for this machine. */
export function findStripeCli(): string | undefined {
  const require = createRequire(import.meta.url);
  const name = `@stripe/cli-${process.platform}-${process.arch}`;
  try {
    const program = process.platform === 'win32' ? 'stripe.exe' : 'stripe';
    return path.join(path.dirname(require.resolve(`${name}/package.json`)), 'bin', program);
  } catch {
    return undefined;
  }
}

export type StripeCli = (...args: string[]) => Promise<{ stdout: string; stderr: string }>;

/**
 * Runs the CLI against a server on this machine, with a home of its own and without telemetry.
 * Rejects where it ends with another code than 0; the error carries stdout and stderr.
 */
export function stripeCli(options: {
  program: string;
  home: string;
  key: string;
  base: string;
}): StripeCli {
  const { program, home, key, base } = options;
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: home,
    STRIPE_API_KEY: key,
    STRIPE_CLI_TELEMETRY_OPTOUT: '1',
    NO_COLOR: '1',
  };
  return (...args) =>
    promisify(execFile)(program, [...args, '--color', 'off', '--api-base', base], {
      env,
      timeout: 60_000,
    });
}
