import { expect, type Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';
import { CustomerPage } from './customer-page.ts';

/** The Metered tab of a customer: subscriptions, usage of the current period, and the events that carry it. */
export class MeteredTab {
  readonly customer: CustomerPage;
  readonly subscriptions: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
    this.customer = new CustomerPage(consoleWindow);
    this.subscriptions = consoleWindow.main.getByRole('region', {
      name: 'Subscriptions',
      exact: true,
    });
  }

  async open(customerId: string): Promise<void> {
    await this.customer.open(customerId, 'Metered');
    await expect(this.subscribeButton).toBeVisible();
  }

  get subscribeButton(): Locator {
    return this.consoleWindow.main.getByRole('button', { name: 'Subscribe to a metered price…' });
  }

  /** Chooses a price in the form, and where; nothing is done yet. */
  async chooseSubscription(price: RegExp, where?: RegExp): Promise<Locator> {
    await this.subscribeButton.click();
    const form = this.consoleWindow.page.getByRole('dialog', { name: /^Subscribe/ });
    await form.getByRole('radio', { name: price }).check();
    if (where !== undefined) await form.getByRole('radio', { name: where }).check();
    return form;
  }

  async subscribe(price: RegExp, where?: RegExp): Promise<void> {
    const form = await this.chooseSubscription(price, where);
    await form.getByRole('button', { name: /^Subscribe to / }).click();
    await expect(form).toBeHidden();
  }

  /** The panel of a meter's usage. */
  panel(meter: string): Locator {
    return this.consoleWindow.main.getByRole('region', { name: meter, exact: true });
  }

  /** A figure of a panel: "Reported", "In Stripe", "Difference". */
  figure(meter: string, label: string): Locator {
    return this.panel(meter)
      .getByText(label, { exact: true })
      .locator('..')
      .locator('> div')
      .nth(1);
  }
}
