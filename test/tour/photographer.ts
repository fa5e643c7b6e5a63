import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import type { ConsoleWindow } from '#test/e2e/support/console-window.ts';

const SCHEMES = ['light', 'dark'] as const;
type Scheme = (typeof SCHEMES)[number];

/** The window at its usual size, at the smallest it is made for, and magnified. */
export const VIEWS = {
  usual: { width: 1440, height: 900, zoom: 1 },
  small: { width: 1024, height: 700, zoom: 1 },
  zoomed: { width: 1440, height: 900, zoom: 2 },
} as const;

/** Takes pictures of the window, each screen light and dark, numbered in the order of the tour. */
export class Photographer {
  readonly folder: string;
  readonly taken: string[] = [];
  private readonly consoleWindow: ConsoleWindow;
  private count = 0;
  private scheme: Scheme = 'light';
  private zoom = 1;

  constructor(consoleWindow: ConsoleWindow, folder: string) {
    this.consoleWindow = consoleWindow;
    this.folder = folder;
  }

  /** Empties the folder of an earlier tour, and starts in light. */
  async prepare(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { recursive: true });
    await this.show('light');
  }

  /** Gives the page its size in CSS pixels at zoom 1, and its zoom. */
  async look(view: keyof typeof VIEWS): Promise<void> {
    const { width, height, zoom } = VIEWS[view];
    this.zoom = zoom;
    const { app, page } = this.consoleWindow;
    await app.evaluate(
      ({ BrowserWindow }, wanted) => {
        const window = BrowserWindow.getAllWindows()[0];
        window?.setContentSize(wanted.width, wanted.height);
        window?.webContents.setZoomFactor(wanted.zoom);
      },
      { width, height, zoom },
    );
    await expect
      .poll(() => page.evaluate(() => [innerWidth, innerHeight]), {
        message: `the page becomes ${width / zoom} by ${height / zoom}`,
      })
      .toEqual([width / zoom, height / zoom]);
  }

  /** Takes what the window shows now, in both schemes, once nothing is loading any more. */
  async take(screen: string): Promise<void> {
    await expect(this.consoleWindow.page.locator('[aria-busy="true"]')).toHaveCount(0);
    await this.takeAsItIs(screen);
  }

  /** As `take`, but also while something is loading. */
  async takeAsItIs(screen: string): Promise<void> {
    this.count += 1;
    const number = String(this.count).padStart(2, '0');
    // The scheme that is there first: half as many changes.
    const schemes = this.scheme === 'light' ? SCHEMES : [...SCHEMES].reverse();
    for (const scheme of schemes) {
      await this.show(scheme);
      const name = `${number}-${screen}-${scheme}.png`;
      await this.capture(join(this.folder, name));
      this.taken.push(name);
    }
  }

  private async capture(path: string): Promise<void> {
    const { page } = this.consoleWindow;
    if (this.zoom === 1) {
      await page.screenshot({ path, animations: 'disabled' });
      return;
    }
    // Playwright's own way measures in CSS pixels, which a zoomed window has fewer of: it would cut the picture off.
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'png' });
    await session.detach();
    await writeFile(path, Buffer.from(data, 'base64'));
  }

  private async show(scheme: Scheme): Promise<void> {
    await this.consoleWindow.call('settings.updatePreferences', { theme: scheme });
    await expect(this.consoleWindow.page.locator('html')).toHaveAttribute(
      'data-mantine-color-scheme',
      scheme,
    );
    this.scheme = scheme;
  }
}
