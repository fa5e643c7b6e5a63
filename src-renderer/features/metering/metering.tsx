// The door of this feature: what other features may use of it.
export { MeterEventPanel } from './MeterEventPanel.tsx';
export { PriceCalculator } from './PriceCalculator.tsx';
export { TierTable } from './TierTable.tsx';
