import { expect, type Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';
import { CustomerPage } from './customer-page.ts';
import { LedgerForm } from './ledger-form.ts';

/** The Billing tab of a customer: links to pay, payments, and what went back. */
export class BillingTab {
  readonly customer: CustomerPage;
  readonly payments: Locator;
  readonly moneyBack: Locator;
  readonly sale: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    const { main, page } = consoleWindow;
    this.consoleWindow = consoleWindow;
    this.customer = new CustomerPage(consoleWindow);
    this.payments = main.getByRole('table', { name: 'Payments' });
    this.moneyBack = main.getByRole('region', { name: 'Refunds and disputes' });
    this.sale = page.getByRole('dialog', { name: 'Sell credits' });
  }

  async open(customerId: string): Promise<void> {
    await this.customer.open(customerId, 'Billing');
    await expect(this.sellButton).toBeVisible();
  }

  get sellButton(): Locator {
    return this.consoleWindow.main.getByRole('button', { name: 'New payment link…' });
  }

  get sellPlanButton(): Locator {
    return this.consoleWindow.main.getByRole('button', { name: 'Sell a plan…' });
  }

  /** The link that the open drawer shows. */
  async link(): Promise<string> {
    const link = this.sale.getByText(/^http:\/\/127\.0\.0\.1:\d+\/pay\//);
    return (await link.first().innerText()).trim();
  }

  async closeSale(): Promise<void> {
    await this.sale.getByRole('button', { name: 'Close', exact: true }).last().click();
    await expect(this.sale).toBeHidden();
  }

  /** Makes a link for a package and answers with it. `button` is what the drawer's button says then. */
  async makeLink(item: RegExp, button: RegExp, kind?: string | RegExp): Promise<string> {
    await this.sellButton.click();
    if (kind !== undefined) await this.sale.getByRole('radio', { name: kind }).check();
    await this.sale.getByRole('radio', { name: item }).check();
    await this.sale.getByRole('button', { name: button }).click();
    await expect(this.sale.getByText('Waiting for payment')).toBeVisible();
    return this.link();
  }

  async startRefund(name: RegExp): Promise<LedgerForm> {
    await this.payments.getByRole('button', { name }).click();
    return new LedgerForm(this.consoleWindow.page, 'Refund money');
  }
}
