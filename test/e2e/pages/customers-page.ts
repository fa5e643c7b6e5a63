import type { Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';

/** The list of customers. */
export class CustomersPage {
  readonly search: Locator;
  readonly grid: Locator;
  readonly count: Locator;
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
    this.search = consoleWindow.main.getByRole('searchbox', { name: 'Search customers' });
    this.grid = consoleWindow.main.getByRole('grid', { name: 'Customers' });
    this.count = consoleWindow.main.getByRole('status', { name: /customers$/ });
  }

  open(): Promise<void> {
    return this.consoleWindow.open('/customers');
  }

  /** The row of a customer, by a text that it holds. */
  row(text: string): Locator {
    return this.rows.filter({ hasText: text });
  }

  /** All rows in the document, without the heading. */
  get rows(): Locator {
    return this.grid.locator('[role="row"][data-row]');
  }
}
