// The door of this feature: what other features may use of it.
export { levelWords } from './alert-words.ts';
export { CustomerAlerts } from './CustomerAlerts.tsx';
export { useCustomerAlerts } from './use-customer-alerts.ts';
