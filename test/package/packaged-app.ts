import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Browser, chromium, errors, type Page } from '@playwright/test';
import { switchesForThisUser } from '#build/electron-runtime/launch-options.mjs';

/** The folder `npm run package` made, with the program in it. */
export const packagedFolder = process.env.PACKAGED_APP ?? '';
export const packagedProgram = join(packagedFolder, 'credit-console');

const ATTEMPTS = 3;

type Start = { dataFolder: string; args?: string[]; env?: Record<string, string> };

/**
 * The packaged app, driven from outside. Its fuses close the inspector of its main process, so Playwright's way into
 * Electron is shut; Chromium's own remote debugging leads to the page, and to the page only.
 */
export class PackagedApp {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #program: ChildProcess;
  readonly #output: string[];

  private constructor(page: Page, browser: Browser, program: ChildProcess, output: string[]) {
    this.page = page;
    this.#browser = browser;
    this.#program = program;
    this.#output = output;
  }

  /**
   * Starts the program and attaches to its page. Once in dozens of starts Playwright never finishes attaching, because the
   * window opens at the very moment it does (see launch-console.ts): only that is answered with another start.
   */
  static async start(options: Start): Promise<PackagedApp> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await PackagedApp.startOnce(options);
      } catch (error) {
        if (!(error instanceof errors.TimeoutError) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private static async startOnce(options: Start): Promise<PackagedApp> {
    const args = ['--remote-debugging-port=0', ...switchesForThisUser(), ...(options.args ?? [])];
    const env = { ...process.env, ...options.env, CREDIT_CONSOLE_DATA: options.dataFolder };
    const program = spawn(packagedProgram, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: string[] = [];
    const address = await debuggingAddress(program, output);
    const browser = await chromium.connectOverCDP(address).catch(async (error: unknown) => {
      const ended = once(program, 'exit');
      program.kill('SIGTERM');
      await ended;
      throw error;
    });
    const context = browser.contexts()[0];
    if (context === undefined) throw new Error('the packaged app has no browser context');
    const page = context.pages()[0] ?? (await context.waitForEvent('page'));
    return new PackagedApp(page, browser, program, output);
  }

  /** What the program has printed so far. */
  get output(): string {
    return this.#output.join('');
  }

  /** Closes the window as a person would, and resolves to the program's exit code. */
  async quit(): Promise<number | null> {
    const ended = once(this.#program, 'exit');
    await this.page.close();
    const [code] = (await ended) as [number | null];
    await this.#browser.close();
    return code;
  }

  /** Ends the program in good order, whatever state the test left it in: its database must not stay behind. */
  async end(): Promise<void> {
    if (this.#program.exitCode !== null || this.#program.signalCode !== null) return;
    const ended = once(this.#program, 'exit');
    this.#program.kill('SIGTERM');
    await ended;
    await this.#browser.close();
  }
}

/** Resolves once the program tells where its page can be reached. */
function debuggingAddress(program: ChildProcess, output: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output.push(chunk.toString());
      const [, address] = /DevTools listening on (ws:\S+)/.exec(output.join('')) ?? [];
      if (address !== undefined) resolve(address);
    };
    program.stdout?.on('data', read);
    program.stderr?.on('data', read);
    program.once('error', reject);
    program.once('exit', (code) =>
      reject(
        new Error(`the packaged app ended with code ${code} before it opened:\n${output.join('')}`),
      ),
    );
  });
}
