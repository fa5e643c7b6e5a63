// The door of this feature: what other features may use of it.
export { SimulateUse } from './SimulateUse.tsx';
