import { expect, type Locator } from '@playwright/test';
import { chooseOption } from '../support/choose-option.ts';
import type { ConsoleWindow } from '../support/console-window.ts';

type TierRow = { upTo?: string; unitAmount: string; fee?: string };

/** The page Metering: meters and prices, and how usage gets to Stripe. */
export class MeteringPage {
  readonly meters: Locator;
  readonly prices: Locator;
  readonly behind: Locator;
  readonly events: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    const { main } = consoleWindow;
    this.consoleWindow = consoleWindow;
    this.meters = main.getByRole('table', { name: 'Meters' });
    this.prices = main.getByRole('table', { name: 'Metered prices' });
    this.behind = main.getByRole('region', { name: 'How far behind' });
    this.events = main.getByRole('grid', { name: 'Meter events' });
  }

  async open(tab?: 'delivery'): Promise<void> {
    await this.consoleWindow.open(tab === undefined ? '/metering' : `/metering?tab=${tab}`);
    await expect(this.consoleWindow.heading).toHaveText('Metering');
  }

  dialog(name: string | RegExp): Locator {
    return this.consoleWindow.page.getByRole('dialog', { name });
  }

  /** Opens the form and fills it in; nothing is made yet. */
  async fillMeter(meter: { name: string; eventName: string; counts: RegExp }): Promise<Locator> {
    await this.consoleWindow.main.getByRole('button', { name: 'New meter' }).click();
    const form = this.dialog('New meter');
    await form.getByRole('textbox', { name: 'Name', exact: true }).fill(meter.name);
    await form.getByRole('textbox', { name: 'Event name' }).fill(meter.eventName);
    await form.getByRole('radio', { name: meter.counts }).check();
    return form;
  }

  async makeMeter(meter: { name: string; eventName: string; counts: RegExp }): Promise<void> {
    const form = await this.fillMeter(meter);
    await form.getByRole('button', { name: 'Make meter' }).click();
    await expect(form).toBeHidden();
    await expect(this.meters.getByRole('row').filter({ hasText: meter.eventName })).toBeVisible();
  }

  /** Opens the form and fills it in; nothing is made yet. */
  async fillPrice(price: {
    name: string;
    key: string;
    meter: string;
    tiers: TierRow[];
  }): Promise<Locator> {
    const { main } = this.consoleWindow;
    await main.getByRole('button', { name: 'New price' }).click();
    const form = this.dialog('New metered price');
    await form.getByRole('textbox', { name: 'Name', exact: true }).fill(price.name);
    await form.getByRole('textbox', { name: 'Key' }).fill(price.key);
    await chooseOption(form.getByRole('combobox', { name: 'Meter' }), price.meter);
    for (let more = 1; more < price.tiers.length; more += 1) {
      await form.getByRole('button', { name: 'Add tier' }).click();
    }
    for (const [index, { upTo, unitAmount, fee }] of price.tiers.entries()) {
      const row = form.getByRole('group', { name: `Tier ${index + 1}` });
      if (upTo !== undefined) await row.getByRole('textbox', { name: /up to$/ }).fill(upTo);
      await row.getByRole('textbox', { name: /per unit$/ }).fill(unitAmount);
      if (fee !== undefined) await row.getByRole('textbox', { name: /fee$/ }).fill(fee);
    }
    return form;
  }

  async makePrice(price: Parameters<MeteringPage['fillPrice']>[0]): Promise<void> {
    const form = await this.fillPrice(price);
    await form.getByRole('button', { name: 'Make price' }).click();
    await expect(form).toBeHidden();
    await expect(this.prices.getByRole('button', { name: price.name, exact: true })).toBeVisible();
  }

  /** A figure of "How far behind": "Reports waiting", "Events to send", "Problems". */
  figure(label: string): Locator {
    return this.behind.getByText(label, { exact: true }).locator('..').locator('> div').nth(1);
  }

  get sendNow(): Locator {
    return this.consoleWindow.main.getByRole('button', { name: 'Send now' });
  }
}
