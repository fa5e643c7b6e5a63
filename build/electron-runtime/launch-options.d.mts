export type LaunchRequest = {
  /** Passed to the app after its folder. */
  readonly args?: readonly string[];
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The app's data folder (CREDIT_CONSOLE_DATA). */
  readonly dataFolder?: string;
};

/** Fits Playwright's `_electron.launch`. */
export type LaunchOptions = {
  executablePath: string;
  args: string[];
  env: Record<string, string>;
};

/**
 * What it takes to start the built app (out/main/main.js) in the Electron that is set up on this machine.
 * @throws if none is set up yet
 */
export function launchOptions(request?: LaunchRequest): LaunchOptions;

/** `--no-sandbox` as root, where Chromium's sandbox refuses to run; nothing otherwise. */
export function switchesForThisUser(): string[];
