import { type ElectronApplication, _electron as electron, errors } from '@playwright/test';
import { launchOptions } from '#build/electron-runtime/launch-options.mjs';

const ATTEMPTS = 3;
const ATTEMPT_MS = 20_000;

/**
 * Starts the built app on a data folder. `args` may hold a deep link.
 *
 * Once in dozens of starts Playwright never finishes attaching: the app opens its window at the very moment it does,
 * and Playwright goes on waiting for a page it has missed, while the app runs. Only that, no failure of the app's own,
 * is answered with another start.
 */
export async function launchConsole(options: {
  dataFolder: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}): Promise<ElectronApplication> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await electron.launch({ ...launchOptions(options), timeout: ATTEMPT_MS });
    } catch (error) {
      if (!(error instanceof errors.TimeoutError) || attempt === ATTEMPTS) throw error;
    }
  }
}
