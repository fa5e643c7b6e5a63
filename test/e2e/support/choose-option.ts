import { expect, type Locator } from '@playwright/test';

/**
 * Chooses from a list that a field opens. Where the list closes before the click, as when the page beside it grows under a
 * slow machine, it is opened again, as a person does who looks at it.
 */
export async function chooseOption(field: Locator, label: string): Promise<void> {
  const option = field.page().getByRole('option', { name: label, exact: true });
  await expect(async () => {
    if (await option.isHidden()) await field.click({ timeout: 3_000 });
    await option.click({ timeout: 3_000 });
    await expect(field).toHaveValue(label, { timeout: 3_000 });
  }).toPass({ timeout: 30_000 });
}
