import { expect, type Locator } from '@playwright/test';
import { chooseOption } from '../support/choose-option.ts';
import type { ConsoleWindow } from '../support/console-window.ts';
import { CustomerPage } from './customer-page.ts';

/** What features cost and how much they are used, with a drawer for one of them. */
export class FeaturesPage {
  readonly grid: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
    this.grid = consoleWindow.main.getByRole('grid', { name: 'Features' });
  }

  /** `query`: a range as it stands in the address, such as `range=7d`. */
  async open(query = ''): Promise<void> {
    await this.consoleWindow.open(`/features${query === '' ? '' : `?${query}`}`);
    await expect(this.consoleWindow.heading).toHaveText('Features');
  }

  /** All rows in the document, without the heading. */
  get rows(): Locator {
    return this.grid.locator('[role="row"][data-row]');
  }

  row(feature: string): Locator {
    return this.rows.filter({
      has: this.consoleWindow.page.getByRole('rowheader', { name: feature, exact: true }),
    });
  }

  dialog(name: string | RegExp): Locator {
    return this.consoleWindow.page.getByRole('dialog', { name, exact: true });
  }

  /** Opens the drawer of a feature: its facts, its use, and its prices. */
  async openFeature(feature: string): Promise<Locator> {
    await this.row(feature).click();
    const drawer = this.dialog(feature);
    await expect(this.prices(drawer)).toBeVisible();
    return drawer;
  }

  /** The prices in the drawer of a feature, the newest first. */
  prices(drawer: Locator): Locator {
    return drawer.getByRole('list', { name: 'Prices, the newest first' });
  }

  /** Makes a feature with its first price, which holds from now on. */
  async addFeature(feature: { name: string; credits: number; unit?: string }): Promise<void> {
    await this.consoleWindow.main.getByRole('button', { name: 'New feature' }).first().click();
    const form = this.dialog('New feature');
    await form.getByRole('textbox', { name: 'Name', exact: true }).fill(feature.name);
    await this.fillPrice(form, feature);
    await form.getByRole('button', { name: 'Add feature' }).click();
    await expect(form).toBeHidden();
    await expect(this.row(feature.name)).toBeVisible();
  }

  /**
   * Sets another price in the drawer of a feature, from now on or from a later time within ten years ("2030-01-01T00:00" in the
   * window's time zone), and leaves the drawer open.
   */
  async changePrice(
    drawer: Locator,
    feature: string,
    price: { credits: number; unit?: string; from?: string },
  ): Promise<void> {
    await drawer.getByRole('button', { name: 'Change price' }).click();
    const form = this.dialog(`Change the price of ${feature}`);
    await this.fillPrice(form, price);
    if (price.from !== undefined) {
      // The radio itself is hidden behind its label.
      await form.getByText('From a later time', { exact: true }).click();
      await form.getByLabel('From', { exact: true }).fill(price.from);
    }
    await form.getByRole('button', { name: 'Set price' }).click();
    await expect(form).toBeHidden();
    await expect(drawer).toBeVisible();
  }

  /** Takes back the one price that is to come. */
  async withdrawPrice(drawer: Locator): Promise<void> {
    const withdraw = drawer.getByRole('button', { name: /^Withdraw the price from / });
    await withdraw.click();
    await this.dialog('Withdraw this price?')
      .getByRole('button', { name: 'Withdraw price' })
      .click();
    await expect(withdraw).toBeHidden();
  }

  private async fillPrice(form: Locator, price: { credits: number; unit?: string }): Promise<void> {
    await form.getByRole('textbox', { name: 'Credits' }).fill(String(price.credits));
    if (price.unit !== undefined) {
      await form.getByRole('textbox', { name: 'For each' }).fill(price.unit);
    }
  }
}

/** The dry run of a use, on a customer's page. */
export class SimulateUse {
  readonly drawer: Locator;
  readonly outcome: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
    this.drawer = consoleWindow.page.getByRole('dialog', { name: 'Simulate a use' });
    this.outcome = this.drawer.getByRole('region', { name: 'Outcome' });
  }

  async open(customerId: string): Promise<void> {
    const { main, page } = this.consoleWindow;
    await new CustomerPage(this.consoleWindow).open(customerId);
    await main.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Simulate a use…' }).click();
    await expect(this.drawer).toBeVisible();
  }

  /** Chooses what is used; the outcome follows by itself. `feature` as the list has it: of an inactive one "name (inactive)". */
  async choose(feature: string, quantity = 1): Promise<void> {
    await chooseOption(this.drawer.getByRole('combobox', { name: 'Feature' }), feature);
    await this.drawer.getByRole('textbox', { name: 'Quantity' }).fill(String(quantity));
  }

  /** The grants that would pay, or could pay a part, in burn order. */
  get payers(): Locator {
    return this.outcome.getByRole('table');
  }
}
