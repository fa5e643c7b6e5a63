import type { Contract } from '#shared/ipc/contract.ts';
import type { HandlerOutput } from '#shared/ipc/procedure.ts';

export type FeatureData = HandlerOutput<Contract['features.list']>['rows'][number];
export type FeatureCostData = HandlerOutput<Contract['features.setCost']>;
export type SimulationData = HandlerOutput<Contract['features.simulate']>;

/** Rows as main would answer them, for tests of screens; each test changes what it is about. */

export function aFeatureCost(changes: Partial<FeatureCostData> = {}): FeatureCostData {
  return {
    feature: 'export_report',
    cost: 10,
    unit: 'use',
    active: true,
    validFrom: null,
    changedBy: null,
    changedAt: null,
    ...changes,
  };
}

/** A feature of a week's range: active, used, without a price to come. */
export function aFeature(changes: Partial<FeatureData> = {}): FeatureData {
  const { feature = 'export_report' } = changes;
  return {
    feature,
    current: aFeatureCost({ feature }),
    scheduled: [],
    used: 600,
    usedBefore: 450,
    uses: 60,
    trend: [0, 100, 0, 300, 50, 50, 100],
    meters: [],
    ...changes,
  };
}

/** A use of 3 reports that one grant pays. */
export function aSimulation(changes: Partial<SimulationData> = {}): SimulationData {
  return {
    unitCost: 10,
    unit: 'use',
    mode: 'credits',
    meter: null,
    required: 30,
    balance: { balance: 100, held: 0, available: 100, lifetime: 100, nextExpiry: null },
    sufficient: true,
    missing: 0,
    availableAfter: 70,
    grants: [
      {
        id: '7',
        source: 'bonus',
        description: 'Welcome',
        expiresAt: null,
        remaining: 100,
        taken: 30,
      },
    ],
    ...changes,
  };
}
