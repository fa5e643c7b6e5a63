import { bindFeature } from '#main/metering/catalog/bind-feature.ts';
import { createMeter } from '#main/metering/catalog/create-meter.ts';
import { createPrice } from '#main/metering/catalog/create-price.ts';
import { listMeteringCatalog } from '#main/metering/catalog/list-metering-catalog.ts';
import { setMeterActive } from '#main/metering/catalog/set-meter-active.ts';
import { setPriceActive } from '#main/metering/catalog/set-price-active.ts';
import { syncMetering } from '#main/metering/catalog/sync-metering.ts';
import type { MeteringTarget } from '#main/metering/metering-target.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Handlers } from '#shared/ipc/procedure.ts';
import type { HandlerDependencies } from './dependencies.ts';
import { targetOn } from './target-on.ts';

type CatalogProcedures =
  | 'metering.catalog'
  | 'metering.createMeter'
  | 'metering.setMeterActive'
  | 'metering.createPrice'
  | 'metering.setPriceActive'
  | 'metering.sync'
  | 'metering.bindFeature';

type Database = ReturnType<HandlerDependencies['databaseFor']>;

/** Meters, metered prices, and the features whose uses a meter counts. */
export function meteringCatalogHandlers(
  console: Pick<HandlerDependencies, 'database' | 'databaseFor' | 'events' | 'stripe'>,
): Pick<Handlers<Contract>, CatalogProcedures> {
  /** Work that Stripe may stop half-way: what it changed until then is told too. */
  async function changed(database: Database, work: () => Promise<void>) {
    try {
      await work();
    } finally {
      console.events.emit({ type: 'metering.changed', customerId: null });
    }
    return listMeteringCatalog(database);
  }

  async function changedInStripe(
    input: { confirmedProduction: boolean },
    work: (target: MeteringTarget) => Promise<void>,
  ) {
    const database = console.databaseFor('manageStripe', input);
    const target = await targetOn(console, database);
    return changed(database, () => work(target));
  }

  return {
    'metering.catalog': (_, { signal }) => listMeteringCatalog(console.database(), signal),
    'metering.createMeter': (input) =>
      changedInStripe(input, (target) => createMeter(target, input)),
    'metering.setMeterActive': (input) =>
      changedInStripe(input, (target) => setMeterActive(target, input)),
    'metering.createPrice': (input) =>
      changedInStripe(input, (target) => createPrice(target, input)),
    'metering.setPriceActive': (input) =>
      changedInStripe(input, (target) => setPriceActive(target, input)),
    'metering.sync': (input) => changedInStripe(input, syncMetering),
    'metering.bindFeature': (input) => {
      const database = console.databaseFor('manageStripe', input);
      return changed(database, () => bindFeature(database, database.actor, input));
    },
  };
}
