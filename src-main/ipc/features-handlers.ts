import { listFeatures } from '#main/features/list-features.ts';
import { readHistory } from '#main/features/read-history.ts';
import { setCost } from '#main/features/set-cost.ts';
import { simulateUse } from '#main/features/simulate-use.ts';
import { withdrawCost } from '#main/features/withdraw-cost.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { featuresProcedures } from '#shared/ipc/features.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { tellChange } from './tell-change.ts';

/** What features cost and how they are used. */
export function featuresHandlers(
  console: Pick<HandlerDependencies, 'database' | 'databaseFor' | 'events'>,
): Pick<Handlers<Contract>, keyof typeof featuresProcedures> {
  /** Changes prices as somebody who may, and tells the window. */
  async function change<Result>(
    input: { confirmedProduction: boolean },
    work: (database: ReturnType<typeof console.databaseFor>) => Promise<Result>,
  ): Promise<Result> {
    const database = console.databaseFor('administer', input);
    return tellChange(
      () => work(database),
      () => console.events.emit({ type: 'features.changed' }),
    );
  }

  return {
    'features.list': (input, { signal }) => listFeatures(console.database(), input, signal),
    'features.history': ({ feature }, { signal }) =>
      readHistory(console.database(), feature, signal),
    'features.setCost': (input) =>
      change(input, (database) => setCost(database, database.actor, input)),
    'features.withdrawCost': (input) =>
      change(input, async (database) => {
        await withdrawCost(database, database.actor, input);
        return {};
      }),
    'features.simulate': (input, { signal }) => simulateUse(console.database(), input, signal),
  };
}
