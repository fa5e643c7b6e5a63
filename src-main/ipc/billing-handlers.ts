import { syncCatalog } from '#main/catalog/sync-catalog.ts';
import { readSnapshot } from '#main/database/run-query.ts';
import { closeCheckout } from '#main/stripe/checkouts/close-checkout.ts';
import { getCheckout } from '#main/stripe/checkouts/list-checkouts.ts';
import { readCustomerBilling } from '#main/stripe/checkouts/read-customer-billing.ts';
import { refreshCheckout } from '#main/stripe/checkouts/refresh-checkout.ts';
import { startCheckout } from '#main/stripe/checkouts/start-checkout.ts';
import { finishRefund } from '#main/stripe/refunds/finish-refunds.ts';
import { listMoneyBack } from '#main/stripe/refunds/list-money-back.ts';
import { getRefundRequest, listOpenRefunds } from '#main/stripe/refunds/list-open-refunds.ts';
import { previewRefund } from '#main/stripe/refunds/preview-refund.ts';
import { getPayment } from '#main/stripe/refunds/read-payments.ts';
import { refundPayment } from '#main/stripe/refunds/refund-payment.ts';
import { AppError } from '#shared/errors.ts';
import type { billingProcedures } from '#shared/ipc/billing.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { assertSameDatabase, targetOn } from './target-on.ts';

/** So many unfinished refunds are shown; there are seldom any. */
const OPEN_REFUNDS_MAX = 200;

/** Money: checkouts, payments, refunds and disputes. */
export function billingHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, keyof typeof billingProcedures> {
  type Ready = ReturnType<typeof console.databaseFor>;

  /** Whatever came of the work, also a half of it, may have changed what the window shows of this customer. */
  async function telling<Result>(customerId: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } finally {
      console.events.emit({ type: 'billing.changed', customerId });
      console.events.emit({ type: 'ledger.changed', customerId });
    }
  }

  const checkoutOf = (database: Ready, id: string) =>
    readSnapshot(database, undefined, (run) => getCheckout(run, id));

  const rightsOf = (database: Ready) => ({ mayGrant: database.abilities.has('manageStripe') });

  return {
    'billing.customer': ({ customerId }, { signal }) =>
      readCustomerBilling(console.database(), customerId, signal),
    'billing.payment': ({ customerId, stripePaymentId }, { signal }) =>
      readSnapshot(console.database(), signal, (run) =>
        getPayment(run, customerId, stripePaymentId),
      ),

    'billing.startCheckout': async (input) => {
      const database = console.databaseFor('sell', input);
      const target = await targetOn(console, database);
      return telling(input.customerId, () =>
        startCheckout(target, input, async (item) => {
          const catalog = console.databaseFor('manageStripe', input);
          assertSameDatabase(catalog, database);
          await syncCatalog({ ...target, database: catalog }, catalog.actor, item);
        }),
      );
    },
    'billing.refreshCheckout': async ({ id }) => {
      const database = console.databaseFor('sell');
      const { customerId } = await checkoutOf(database, id);
      const target = await targetOn(console, database);
      return telling(customerId, () => refreshCheckout(target, id, rightsOf(database)));
    },
    'billing.closeCheckout': async (input) => {
      const database = console.databaseFor('sell', input);
      const { customerId } = await checkoutOf(database, input.id);
      const target = await targetOn(console, database);
      return telling(customerId, () => closeCheckout(target, input.id, rightsOf(database)));
    },
    'billing.openCheckout': async ({ id }) => {
      const { url } = await checkoutOf(console.database(), id);
      if (url === null) {
        throw new AppError(
          'invalid_argument',
          'This checkout is not open any more, so there is nothing to pay. Start a new one.',
        );
      }
      await console.desktop?.openLink(url);
      return {};
    },

    'billing.previewRefund': (input, { signal }) => {
      const database = console.database();
      return previewRefund(database, database.actor, input, signal);
    },
    'billing.refund': async (input) => {
      const database = console.databaseFor('refund', input);
      const target = await targetOn(console, database);
      const { reasonCode, caseLink, note } = input;
      return telling(input.customerId, () =>
        refundPayment(
          target,
          { actor: database.actor, reasonCode, caseLink },
          { ...input, reason: note },
        ),
      );
    },
    'billing.finishRefund': async ({ id }) => {
      const database = console.databaseFor('refund');
      const { customerId } = await readSnapshot(database, undefined, (run) =>
        getRefundRequest(run, id),
      );
      const target = await targetOn(console, database);
      return telling(customerId, async () => {
        const { request, problem } = await finishRefund(target, id);
        if (problem) throw problem;
        return { request };
      });
    },
    'billing.moneyBack': (input, { signal }) =>
      readSnapshot(console.database(), signal, (run) => listMoneyBack(run, input)),
    'billing.openRefunds': async (_, { signal }) => ({
      requests: await readSnapshot(console.database(), signal, (run) =>
        listOpenRefunds(run, OPEN_REFUNDS_MAX),
      ),
    }),
  };
}
