import { parseMoney } from '#shared/money.ts';
import {
  closeDispute,
  completeBankDebit,
  expireCheckout,
  failRefund,
  openDispute,
  refundCharge,
  settleRefund,
} from '../control.ts';
import type { Page } from '../page.ts';
import { StripeRefusal } from '../route.ts';
import type { World } from '../world.ts';
import { field } from './document.ts';
import { formActions } from './form-actions.ts';
import { paymentsPage } from './payments-page.ts';

const action = formActions('/', paymentsPage);

/** What the forms of the payments section do. */
export const paymentActions: readonly Page[] = [
  action('/checkouts/{session}/expire', ({ world }, { path }) =>
    expireCheckout(world, path.session ?? ''),
  ),
  action('/checkouts/{session}/debit', ({ world }, { path, form }) =>
    completeBankDebit(
      world,
      path.session ?? '',
      chosen(field(form, 'outcome'), ['succeeded', 'failed']),
    ),
  ),
  action('/charges/{charge}/refund', ({ world }, { path, form }) => {
    const outcome = chosen(field(form, 'outcome'), ['succeeded', 'pending', 'failed']);
    const refund = refundCharge(world, path.charge ?? '', {
      ...amountOf(world, path.charge ?? '', form),
      outcome: outcome === 'failed' ? 'pending' : outcome,
    });
    if (outcome === 'failed') failRefund(world, refund.id);
  }),
  action('/refunds/{refund}/settle', ({ world }, { path }) =>
    settleRefund(world, path.refund ?? ''),
  ),
  action('/refunds/{refund}/fail', ({ world }, { path }) => failRefund(world, path.refund ?? '')),
  action('/charges/{charge}/dispute', ({ world }, { path, form }) =>
    openDispute(world, path.charge ?? '', {
      ...amountOf(world, path.charge ?? '', form),
      inquiry: chosen(field(form, 'kind'), ['dispute', 'inquiry']) === 'inquiry',
    }),
  ),
  action('/disputes/{dispute}/close', ({ world }, { path, form }) =>
    closeDispute(world, path.dispute ?? '', chosen(field(form, 'outcome'), ['won', 'lost'])),
  ),
];

function chosen<Choice extends string>(given: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === given);
  if (choice === undefined) throw new StripeRefusal(400, `Choose one of ${choices.join(', ')}.`);
  return choice;
}

/** The typed amount in minor units of the charge's currency; nothing where the field was left empty. */
function amountOf(
  world: World,
  chargeId: string,
  form: Readonly<Record<string, unknown>>,
): { amount?: number } {
  const text = field(form, 'amount');
  if (text === '') return {};
  const { currency } = world.collection('charges').need(chargeId, 'charge');
  const parsed = parseMoney(text, currency);
  if (!parsed.ok) throw new StripeRefusal(400, parsed.why, { parameter: 'amount' });
  return { amount: parsed.amountMinor };
}
