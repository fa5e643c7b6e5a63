import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** Expects that axe finds nothing serious or critical on what the window shows now. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await seriousFindings(page), 'serious findings of axe').toEqual([]);
}

/** The same in light and in dark; what is found is told with the screen's name, and the test goes on to the next. */
export async function expectAccessibleInBoth(page: Page, screen: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
    expect.soft(await seriousFindings(page), `${screen}, ${colorScheme}`).toEqual([]);
  }
}

async function seriousFindings(page: Page) {
  // Electron has no way to open the blank page that axe's newer mode wants.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({
      id,
      help,
      targets: nodes.map(({ target }) => target.join(' ')),
    }));
}
