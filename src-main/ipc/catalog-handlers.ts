import { type Comparison, compareCatalog } from '#main/catalog/compare-catalog.ts';
import { listCatalog } from '#main/catalog/list-catalog.ts';
import { savePackage } from '#main/catalog/save-package.ts';
import { savePlan } from '#main/catalog/save-plan.ts';
import { syncCatalog } from '#main/catalog/sync-catalog.ts';
import type { catalogProcedures } from '#shared/ipc/catalog.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { targetOn } from './target-on.ts';

/** What is sold: in the console, and as Stripe has it. */
export function catalogHandlers(
  console: HandlerDependencies,
): Pick<Handlers<Contract>, keyof typeof catalogProcedures> {
  /** Of this session's connection; what was compared on another one says nothing here. */
  let last: { connectionId: string; comparison: Comparison } | undefined;
  const comparisonOn = (connectionId: string) =>
    last?.connectionId === connectionId ? last.comparison : undefined;

  return {
    'catalog.list': (_, { signal }) => {
      const database = console.database();
      return listCatalog(database, comparisonOn(database.connection.id), signal);
    },
    'catalog.savePackage': (input) => {
      const database = console.databaseFor('manageStripe', input);
      return savePackage(database, database.actor, input);
    },
    'catalog.savePlan': (input) => {
      const database = console.databaseFor('manageStripe', input);
      return savePlan(database, database.actor, input);
    },
    'catalog.compare': async () => {
      const database = console.database();
      const target = await targetOn(console, database);
      const comparison = await compareCatalog(target, console.now());
      last = { connectionId: database.connection.id, comparison };
      return listCatalog(database, comparison);
    },
    'catalog.sync': async (input) => {
      const database = console.databaseFor('manageStripe', input);
      const target = await targetOn(console, database);
      await syncCatalog(target, database.actor, input.item);
      const comparison = comparisonOn(database.connection.id);
      comparison?.forget(input.item);
      return listCatalog(database, comparison);
    },
  };
}
