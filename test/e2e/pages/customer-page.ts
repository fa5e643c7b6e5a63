import { expect, type Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';
import { LedgerForm } from './ledger-form.ts';

type Tab = 'Timeline' | 'Credits' | 'Transactions' | 'Usage' | 'Billing' | 'Metered' | 'Notes';

/** One customer: the header with its figures, and the tabs below. */
export class CustomerPage {
  readonly consoleWindow: ConsoleWindow;
  readonly grantButton: Locator;
  readonly adjustButton: Locator;
  readonly openGrants: Locator;
  readonly openHolds: Locator;
  readonly equation: Locator;
  readonly debits: Locator;

  constructor(consoleWindow: ConsoleWindow) {
    const { main } = consoleWindow;
    this.consoleWindow = consoleWindow;
    this.grantButton = main.getByRole('button', { name: 'Grant', exact: true });
    this.adjustButton = main.getByRole('button', { name: 'Adjust down' });
    this.openGrants = main.getByRole('table', { name: 'Open grants in burn order' });
    this.openHolds = main.getByRole('table', { name: 'Open holds' });
    this.equation = main.getByRole('region', { name: 'How the balance adds up' });
    this.debits = main.getByRole('region', { name: 'Debits', exact: true });
  }

  async open(customerId: string, tab?: Tab): Promise<void> {
    const query = tab === undefined ? '' : `?tab=${tab.toLowerCase()}`;
    await this.consoleWindow.open(`/customers/${encodeURIComponent(customerId)}${query}`);
    await expect(this.grantButton.or(this.figure('Available')).first()).toBeVisible();
  }

  /** One of the figures of the header: "Available", "Balance", "Held", "Next expiry", "Lifetime bought". */
  figure(label: string): Locator {
    return this.consoleWindow.main
      .locator('header')
      .getByText(label, { exact: true })
      .locator('..')
      .locator('[aria-hidden="true"]')
      .first();
  }

  /** The numbers of "How the balance adds up". */
  async equationTerms(): Promise<Record<'balance' | 'held' | 'due' | 'available', number>> {
    const spoken = this.equation.getByText(/^Balance .* available\.$/);
    const numbers = (await spoken.innerText()).replaceAll('−', '-').match(/-?[\d,]+/g) ?? [];
    const [balance, held, due, available] = numbers.map((text) => Number(text.replaceAll(',', '')));
    if (balance === undefined || held === undefined || due === undefined || available === undefined)
      throw new Error('the equation has four numbers');
    return { balance, held, due, available };
  }

  async showTab(tab: Tab): Promise<void> {
    await this.consoleWindow.main.getByRole('tab', { name: tab }).click();
  }

  async startGrant(): Promise<LedgerForm> {
    await this.grantButton.click();
    return this.form('Grant credits');
  }

  async startAdjustDown(): Promise<LedgerForm> {
    await this.adjustButton.click();
    return this.form('Adjust down');
  }

  form(title: string): LedgerForm {
    return new LedgerForm(this.consoleWindow.page, title);
  }
}
