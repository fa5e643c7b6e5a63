import { expect, type Locator, type Page } from '@playwright/test';
import { chooseOption } from '../support/choose-option.ts';

/** A form that writes to the ledger: the drawer with its fields, its preview, and the button that names the act. */
export class LedgerForm {
  readonly drawer: Locator;
  readonly note: Locator;
  readonly caseLink: Locator;
  readonly preview: Locator;
  /** Said in the preview's place where the ledger would not take the act. */
  readonly refusal: Locator;

  /** `title`: "Grant credits", "Adjust down", "Reverse a transaction", "Extend an expiry", "Release a hold". */
  constructor(page: Page, title: string) {
    this.drawer = page.getByRole('dialog', { name: title, exact: true });
    this.note = this.drawer.getByRole('textbox', { name: 'Note' });
    this.caseLink = this.drawer.getByRole('textbox', { name: 'Case link' });
    this.preview = this.drawer.getByRole('region', { name: 'Preview' });
    this.refusal = this.preview.getByText('The ledger would refuse this.', { exact: true });
  }

  /** The amount, whatever the form calls it. */
  get amount(): Locator {
    return this.drawer.getByRole('textbox', { name: /^Credits( to take away| to reverse)?$/ });
  }

  /** The button that posts: it names act and amount. */
  submitButton(name: string | RegExp): Locator {
    return this.drawer.getByRole('button', { name });
  }

  async chooseReason(label: string): Promise<void> {
    await chooseOption(this.drawer.getByRole('combobox', { name: 'Reason', exact: true }), label);
  }

  /** Fills in why: reason code and note. */
  async explain(reason: string, note: string): Promise<void> {
    await this.chooseReason(reason);
    await this.note.fill(note);
  }

  /** A number of the preview's row, such as "Available", before and after as shown. */
  async expectPreview(row: string, before: string, after: string, change: string): Promise<void> {
    await expect(
      this.preview.getByRole('row').filter({ hasText: row }).first().getByRole('cell'),
    ).toHaveText([before, after, change]);
  }

  async expectClosed(): Promise<void> {
    await expect(this.drawer).toBeHidden();
  }
}
