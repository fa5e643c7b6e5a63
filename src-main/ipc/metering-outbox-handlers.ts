import { readSnapshot } from '#main/database/run-query.ts';
import { workerName } from '#main/jobs/worker-name.ts';
import { addUsage } from '#main/metering/outbox/add-usage.ts';
import { cancelUsage } from '#main/metering/outbox/cancel-usage.ts';
import { getMeterEvent, listMeterEvents } from '#main/metering/outbox/list-meter-events.ts';
import { readBacklog } from '#main/metering/outbox/read-backlog.ts';
import { sendUsage } from '#main/metering/outbox/send-usage.ts';
import { settleUsage } from '#main/metering/outbox/settle-usage.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { targetOn } from './target-on.ts';

type OutboxProcedures =
  | 'metering.events'
  | 'metering.sendNow'
  | 'metering.addUsage'
  | 'metering.cancelEvent'
  | 'metering.settleEvent';

/** Usage on its way to Stripe. */
export function meteringOutboxHandlers(
  console: Pick<HandlerDependencies, 'database' | 'databaseFor' | 'events' | 'stripe'>,
): Pick<Handlers<Contract>, OutboxProcedures> {
  /** Whatever came of the work, also a half of it, may have changed what the window shows. */
  async function telling<Result>(
    customerId: string | null,
    work: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work();
    } finally {
      console.events.emit({ type: 'metering.changed', customerId });
    }
  }

  return {
    'metering.events': (input, { signal }) => listMeterEvents(console.database(), input, signal),
    'metering.sendNow': async () => {
      const database = console.databaseFor('manageStripe');
      const target = await targetOn(console, database);
      return telling(null, async () => {
        const { problem } = await sendUsage(target, workerName(), { atOnce: true });
        if (problem !== undefined) throw problem;
        return readSnapshot(database, undefined, readBacklog);
      });
    },
    'metering.addUsage': async (input) => {
      const { customerId, reasonCode, caseLink, note } = input;
      const database = console.databaseFor('manageStripe', input);
      return telling(customerId, () =>
        addUsage(database, { actor: database.actor, reasonCode, caseLink, note }, input),
      );
    },
    'metering.cancelEvent': async (input) => {
      const database = console.databaseFor('manageStripe', input);
      const { customerId } = await getMeterEvent(database, input.id);
      const target = await targetOn(console, database);
      return telling(customerId, async () => {
        await cancelUsage(target, workerName(), input);
        return { event: await getMeterEvent(database, input.id) };
      });
    },
    'metering.settleEvent': async (input) => {
      const database = console.databaseFor('manageStripe', input);
      const { customerId } = await getMeterEvent(database, input.id);
      return telling(customerId, async () => {
        await settleUsage(database, database.actor, input);
        return { event: await getMeterEvent(database, input.id) };
      });
    },
  };
}
