import { expect, type Locator } from '@playwright/test';
import type { ConsoleWindow } from '../support/console-window.ts';

type Kind = 'Low on credits' | 'Out of credits';
type Switch = 'Desktop notices' | 'E-mail to customers' | 'Webhook to your own system';

/** Settings, Notifications: when customers count as low, who is told then, and in which words. */
export class NotificationsPage {
  private readonly consoleWindow: ConsoleWindow;

  constructor(consoleWindow: ConsoleWindow) {
    this.consoleWindow = consoleWindow;
  }

  async open(): Promise<void> {
    await this.consoleWindow.open('/settings/notifications');
    await expect(this.consoleWindow.heading).toHaveText('Notifications');
    await expect(this.switch('Desktop notices')).toBeVisible();
  }

  dialog(name: string | RegExp): Locator {
    return this.consoleWindow.page.getByRole('dialog', { name, exact: true });
  }

  /** Off and on of one way to tell. */
  switch(label: Switch): Locator {
    return this.consoleWindow.main.getByRole('radiogroup', { name: label });
  }

  async turn(label: Switch, to: 'On' | 'Off'): Promise<void> {
    // The radio itself is hidden behind its label.
    await this.switch(label).getByText(to, { exact: true }).click();
    await expect(this.switch(label).getByRole('radio', { name: to })).toBeChecked();
  }

  /** The workspace's threshold in credits, and what messages say. */
  async setLowBalance(changes: {
    threshold?: number;
    company?: string;
    purchaseAddress?: string;
  }): Promise<void> {
    await this.press('Change threshold and messages');
    const form = this.dialog('Threshold and messages');
    await fill(form, {
      'Low below': changes.threshold,
      Company: changes.company,
      'Purchase address': changes.purchaseAddress,
    });
    await this.save(form, 'Save');
  }

  async setMailServer(server: {
    host: string;
    port: number;
    security: 'STARTTLS' | 'TLS from the first byte' | 'Not secured';
    user?: string;
    from: string;
    hoursBetween?: number;
  }): Promise<void> {
    await this.press(/^(Set up|Change) the mail server$/);
    const form = this.dialog('Mail server');
    // First: the usual port of the choice would take the place of an untouched one.
    await form.getByRole('radio', { name: new RegExp(`^${server.security}`) }).check();
    await fill(form, {
      Server: server.host,
      Port: server.port,
      User: server.user,
      From: server.from,
      'Hours between e-mails': server.hoursBetween,
    });
    await this.save(form, 'Save mail server');
  }

  async enterPassword(password: string): Promise<void> {
    await this.press(/^(Enter|Change) the password of the mail server$/);
    const form = this.dialog('Password of the mail server');
    await form.getByLabel('Password', { exact: true }).fill(password);
    await this.save(form, 'Save password');
  }

  async setWebhookAddress(address: string): Promise<void> {
    await this.press(/^(Enter|Change) the address of the webhook$/);
    const form = this.dialog('Webhook address');
    await fill(form, { Address: address });
    await this.save(form, 'Save address');
  }

  /** Makes the secret that webhooks are signed with, also in the place of another, and answers with it. */
  async makeSigningSecret(): Promise<string> {
    await this.press('Make a secret…');
    const question = this.dialog('Make a new signing secret?');
    const shown = this.dialog('The signing secret');
    await expect(question.or(shown)).toBeVisible();
    if (await question.isVisible()) {
      await question.getByRole('button', { name: 'Make a new one' }).click();
    }
    const secret = await shown.getByText(/^whsec_/).innerText();
    await shown.getByRole('button', { name: 'I have stored it' }).click();
    await expect(shown).toBeHidden();
    return secret.trim();
  }

  /** Sends one test and leaves the dialog open: it shows the other side's answer, or what went wrong. `to` null: the webhook. */
  async sendTest(kind: Kind, to: string | null): Promise<Locator> {
    const title = `Send a test ${to === null ? 'webhook' : 'e-mail'}`;
    await this.press(title);
    const form = this.dialog(title);
    // The radio itself is hidden behind its label.
    await form.getByText(kind, { exact: true }).click();
    if (to !== null) await form.getByRole('textbox', { name: 'To' }).fill(to);
    await form.getByRole('button', { name: 'Send test' }).click();
    await expect(form.getByRole('status').or(form.getByRole('alert'))).toBeVisible();
    return form;
  }

  /** Opens the words of a kind of mail, with the mail that they make beside them. */
  async editWords(kind: Kind): Promise<{
    form: Locator;
    subject: Locator;
    body: Locator;
    preview: Locator;
    save: () => Promise<void>;
  }> {
    await this.press(`Edit ${kind}`);
    const form = this.dialog(`Mail: ${kind}`);
    return {
      form,
      subject: form.getByRole('textbox', { name: 'Subject' }),
      body: form.getByRole('textbox', { name: 'Body' }),
      preview: form.getByRole('region', { name: 'Preview' }),
      save: () => this.save(form, 'Save words'),
    };
  }

  private async press(name: string | RegExp): Promise<void> {
    await this.consoleWindow.main.getByRole('button', { name, exact: true }).click();
  }

  private async save(form: Locator, label: string): Promise<void> {
    await form.getByRole('button', { name: label, exact: true }).click();
    await expect(form).toBeHidden();
  }
}

/** Fills in what is given, by the fields' names. */
async function fill(
  form: Locator,
  values: Record<string, string | number | undefined>,
): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    await form.getByRole('textbox', { name, exact: true }).fill(String(value));
  }
}
