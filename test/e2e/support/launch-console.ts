import { type ElectronApplication, _electron as electron, errors } from '@playwright/test';
import { launchOptions } from '#build/electron-runtime/launch-options.mjs';

const ATTEMPTS = 3;
const ATTEMPT_MS = 20_000;

/**
 * Starts the built app on a data folder and waits until its first window answers. `args` may hold a deep link.
 *
 * Once in dozens of starts Playwright never finishes attaching: the app opens its window, or leaves the blank page for
 * its own, at the very moment it does, and Playwright goes on waiting for a page it has missed, while the app runs.
 * Only that, no failure of the app's own, is answered with another start.
 */
export async function launchConsole(options: {
  dataFolder: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}): Promise<ElectronApplication> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const app = await electron.launch({ ...launchOptions(options), timeout: ATTEMPT_MS });
      if (attempt === ATTEMPTS || (await windowAnswers(app))) return app;
      await app.close();
    } catch (error) {
      if (!(error instanceof errors.TimeoutError) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function windowAnswers(app: ElectronApplication): Promise<boolean> {
  const page = await app.firstWindow({ timeout: ATTEMPT_MS });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ATTEMPT_MS);
  });
  try {
    return await Promise.race([page.evaluate(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
