import { expect } from '@playwright/test';
import { CustomerPage } from '#test/e2e/pages/customer-page.ts';
import { chooseOption } from '#test/e2e/support/choose-option.ts';
import type { Stories, Tour } from './stories.ts';

/** The forms that write to the ledger, with what stands at their foot. */
export async function tourForms(tour: Tour, { busy }: Stories): Promise<void> {
  const { consoleWindow, photographer } = tour;
  const { page, main } = consoleWindow;
  const customer = new CustomerPage(consoleWindow);
  await customer.open(busy.id, 'Credits');

  const grant = await customer.startGrant();
  await photographer.take('grant-form');
  await grant.amount.fill('1e3');
  await grant.submitButton('Grant credits').click();
  await expect(grant.drawer.getByText('Choose a reason.')).toBeVisible();
  await photographer.take('grant-form-refused');
  await grant.amount.fill('500');
  await chooseOption(grant.drawer.getByRole('combobox', { name: 'Expires' }), 'In 90 days');
  await grant.explain('Goodwill', 'Two hours of failed renderings on Tuesday.');
  await grant.caseLink.fill('SUP-1234');
  await expect(grant.preview.getByRole('table')).toBeVisible();
  await photographer.take('grant-form-preview');
  await page.keyboard.press('Escape');
  const question = page.getByRole('dialog', { name: 'Discard this draft?' });
  await expect(question).toBeVisible();
  await photographer.take('discard-draft');
  await question.getByRole('button', { name: 'Keep editing' }).click();
  await grant.submitButton('Grant 500 credits').click();
  await grant.expectClosed();
  const notice = page.getByRole('group', { name: 'Posted' });
  await expect(notice).toBeVisible();
  await photographer.take('grant-posted');
  await notice.getByRole('button', { name: 'Close notice' }).click();

  const adjust = await customer.startAdjustDown();
  await adjust.amount.fill('9,000,000');
  await expect(adjust.refusal).toBeVisible();
  await adjust.explain('Abuse', 'Account sharing.');
  await photographer.take('adjust-down-refused');
  await adjust.amount.fill('250');
  await expect(adjust.preview.getByRole('table')).toBeVisible();
  await photographer.take('adjust-down-preview');
  await leave(tour, adjust.drawer);

  await customer.openGrants
    .getByRole('button', { name: /^Reverse/ })
    .first()
    .click();
  const reverse = customer.form('Reverse a transaction');
  await reverse.drawer.getByRole('radio', { name: 'A part of it' }).check();
  await reverse.amount.fill('1');
  await expect(reverse.preview.getByRole('table')).toBeVisible();
  await photographer.take('reverse-form');
  await leave(tour, reverse.drawer);

  await customer.openGrants
    .getByRole('button', { name: /^Extend/ })
    .first()
    .click();
  const extend = customer.form('Extend an expiry');
  await extend.drawer.getByRole('button', { name: '+90 days' }).click();
  await expect(extend.preview.getByRole('table')).toBeVisible();
  await photographer.take('extend-form');
  await leave(tour, extend.drawer);

  await main
    .getByRole('button', { name: /^Release/ })
    .first()
    .click();
  const release = customer.form('Release a hold');
  await expect(release.preview.getByRole('table')).toBeVisible();
  await photographer.take('release-hold-form');
  await leave(tour, release.drawer);
}

async function leave(tour: Tour, drawer: ReturnType<CustomerPage['form']>['drawer']) {
  const { page } = tour.consoleWindow;
  await drawer.getByRole('button', { name: 'Cancel' }).click();
  const discard = page.getByRole('button', { name: 'Discard draft' });
  // Only a form in which something was entered asks.
  await expect(async () => {
    if (await discard.isVisible()) await discard.click();
    await expect(drawer).toBeHidden({ timeout: 500 });
  }).toPass();
}
