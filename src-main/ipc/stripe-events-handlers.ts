import { workerName } from '#main/jobs/worker-name.ts';
import { getEvent, getEventState } from '#main/stripe/inbox/get-event.ts';
import { listEvents, listEventTypes } from '#main/stripe/inbox/list-events.ts';
import { replayEvent } from '#main/stripe/inbox/replay-event.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { Console } from '../console.ts';
import { targetOn } from './target-on.ts';

type EventProcedures =
  | 'stripe.events'
  | 'stripe.eventTypes'
  | 'stripe.event'
  | 'stripe.replayEvent';

/** The inbox of Stripe's events. */
export function stripeEventsHandlers(
  console: Pick<Console, 'database' | 'databaseFor' | 'events' | 'stripe'>,
): Pick<Handlers<Contract>, EventProcedures> {
  const worker = workerName();

  return {
    'stripe.events': (input, { signal }) => listEvents(console.database(), input, signal),
    'stripe.eventTypes': (_, { signal }) => listEventTypes(console.database(), signal),
    'stripe.event': ({ id }, { signal }) => getEvent(console.database(), id, signal),
    'stripe.replayEvent': async (input) => {
      const database = console.databaseFor('manageStripe', input);
      const target = await targetOn(console, database);
      const { customerIds } = await replayEvent(target, input.id, worker);
      console.events.emit({ type: 'stripe.changed' });
      for (const customerId of customerIds) {
        console.events.emit({ type: 'billing.changed', customerId });
        console.events.emit({ type: 'ledger.changed', customerId });
      }
      return { event: await getEventState(database, input.id) };
    },
  };
}
