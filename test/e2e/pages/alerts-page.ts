import { expect, type Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';
import { CustomerPage } from './customer-page.ts';

/** Who is low on credits or out of them, and the log of what was told of it. */
export class AlertsPage {
  readonly customers: Locator;
  readonly log: Locator;
  /** The drawer of one notification. */
  readonly notification: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    const { main, page } = consoleWindow;
    this.consoleWindow = consoleWindow;
    this.customers = main.getByRole('grid', { name: 'Customers low on credits' });
    this.log = main.getByRole('grid', { name: 'Notifications' });
    this.notification = page.getByRole('dialog', { name: 'Notification', exact: true });
  }

  async open(tab: 'customers' | 'log' = 'customers'): Promise<void> {
    await this.consoleWindow.open(tab === 'log' ? '/alerts?tab=log' : '/alerts');
    await expect(this.consoleWindow.heading).toHaveText('Alerts');
  }

  async showTab(tab: 'Customers' | 'Delivery log'): Promise<void> {
    await this.consoleWindow.main.getByRole('tab', { name: tab }).click();
  }

  async showLevel(level: 'All' | 'Low' | 'Empty'): Promise<void> {
    await this.choose('Which customers', level);
  }

  async showState(state: 'All' | 'Waiting' | 'Sent' | 'Suppressed' | 'Not sent'): Promise<void> {
    await this.choose('Which notifications', state);
  }

  /** The row of a customer in the list, by a text that it holds. */
  customer(text: string): Locator {
    return this.customers.locator('[role="row"][data-row]').filter({ hasText: text });
  }

  /** The notifications in the log that hold a text, such as the customer's name. */
  notifications(text: string): Locator {
    return this.log.locator('[role="row"][data-row]').filter({ hasText: text });
  }

  /** Opens the newest notification that holds a text. The row is opened by key: a press may hit the link in it. */
  async openNotification(text: string): Promise<Locator> {
    await this.notifications(text).first().press('Enter');
    await expect(this.notification).toBeVisible();
    return this.notification;
  }

  /** What became of the open notification over a channel. */
  delivery(channel: 'E-mail' | 'Webhook'): Locator {
    return this.notification.getByRole('region', { name: channel, exact: true });
  }

  async sendAgain(channel: 'E-mail' | 'Webhook'): Promise<void> {
    const button = this.delivery(channel).getByRole('button', { name: 'Send again' });
    await button.click();
    await expect(button).toBeHidden();
  }

  private async choose(group: string, label: string): Promise<void> {
    // The radio itself is hidden behind its label, which may end with a count.
    await this.consoleWindow.main
      .getByRole('radiogroup', { name: group })
      .locator('label')
      .filter({ hasText: new RegExp(`^${label}\\b`) })
      .click();
  }
}

/** A customer's threshold, e-mails and latest notifications, on their record. */
export class CustomerAlerts {
  readonly section: Locator;
  readonly latest: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
    this.section = consoleWindow.main
      .getByRole('complementary', { name: 'Customer record' })
      .getByRole('region', { name: 'Alerts' });
    this.latest = this.section.getByRole('list', { name: 'Latest notifications' });
  }

  async open(customerId: string): Promise<void> {
    await new CustomerPage(this.consoleWindow).open(customerId);
    await expect(this.section.getByText(/(Low below|Never low)/)).toBeVisible();
  }

  /** Gives the customer a threshold of their own, in credits; null: as the plan or the workspace says. */
  async setThreshold(credits: number | null): Promise<void> {
    await this.section.getByRole('button', { name: 'Change threshold…' }).click();
    const form = this.consoleWindow.page.getByRole('dialog', { name: 'Change the threshold' });
    if (credits === null) {
      await form.getByRole('radio', { name: /^As the plan or the workspace says/ }).check();
    } else {
      await form.getByRole('radio', { name: 'A number for this customer' }).check();
      await form.getByRole('textbox', { name: 'Threshold, in credits' }).fill(String(credits));
    }
    await form.getByRole('button', { name: 'Save threshold' }).click();
    await expect(form).toBeHidden();
  }

  async suppressEmails(reason: string): Promise<void> {
    await this.section.getByRole('button', { name: 'Suppress e-mails…' }).click();
    const form = this.consoleWindow.page.getByRole('dialog', { name: 'Suppress e-mails' });
    await form.getByRole('textbox', { name: 'Reason' }).fill(reason);
    await form.getByRole('button', { name: 'Suppress e-mails' }).click();
    await expect(form).toBeHidden();
  }

  async allowEmails(): Promise<void> {
    await this.section.getByRole('button', { name: 'Allow e-mails…' }).click();
    const form = this.consoleWindow.page.getByRole('dialog', { name: 'Allow e-mails again' });
    await form.getByRole('button', { name: 'Allow e-mails' }).click();
    await expect(form).toBeHidden();
  }
}
