import { test as base, expect } from './console-test.ts';
import { connectToLedger, type EmbeddedLedger } from './embedded-ledger.ts';

/** Playwright's test in a real window, with a connection of its own to the window's embedded database. */
export const test = base.extend<{ ledger: EmbeddedLedger }>({
  ledger: async ({ dataFolder, consoleWindow }, use) => {
    // Only once the window is connected does the server run.
    await consoleWindow.connected();
    const ledger = await connectToLedger(dataFolder);
    await use(ledger);
    await ledger.end();
  },
});

export { expect };
