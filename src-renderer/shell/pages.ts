import { paths } from '#renderer/navigation/paths.ts';
import {
  AboutIcon,
  AlertsIcon,
  ApiKeysIcon,
  CatalogIcon,
  CustomersIcon,
  DatabaseIcon,
  EventsIcon,
  FeaturesIcon,
  JobsIcon,
  MeteringIcon,
  MoneyBackIcon,
  NotificationsIcon,
  ReconciliationIcon,
  SettingsIcon,
  StripeIcon,
  TransactionsIcon,
  UsageIcon,
} from '#renderer/ui/icons.tsx';
import type { ShortcutId } from '#renderer/ui/shortcuts.ts';

/** The pages that the sidebar and the palette offer, in their order and groups. */
export const PAGES = [
  {
    label: 'Customers',
    path: paths.customers,
    Icon: CustomersIcon,
    shortcut: 'go-customers',
    group: 'ledger',
  },
  {
    label: 'Transactions',
    path: paths.transactions,
    Icon: TransactionsIcon,
    shortcut: 'go-transactions',
    group: 'ledger',
  },
  { label: 'Usage', path: paths.usage, Icon: UsageIcon, shortcut: 'go-usage', group: 'ledger' },
  {
    label: 'Features',
    path: paths.features,
    Icon: FeaturesIcon,
    shortcut: 'go-features',
    group: 'ledger',
  },
  { label: 'Alerts', path: paths.alerts, Icon: AlertsIcon, shortcut: 'go-alerts', group: 'ledger' },
  {
    label: 'Catalog',
    path: paths.catalog,
    Icon: CatalogIcon,
    shortcut: 'go-catalog',
    group: 'money',
  },
  {
    label: 'Metering',
    path: paths.metering,
    Icon: MeteringIcon,
    shortcut: 'go-metering',
    group: 'money',
  },
  {
    label: 'Refunds',
    path: paths.moneyBack,
    Icon: MoneyBackIcon,
    shortcut: 'go-money-back',
    group: 'money',
  },
  {
    label: 'Stripe events',
    path: paths.stripeEvents,
    Icon: EventsIcon,
    shortcut: 'go-events',
    group: 'money',
  },
  {
    label: 'Reconciliation',
    path: paths.reconciliation,
    Icon: ReconciliationIcon,
    shortcut: 'go-reconciliation',
    group: 'money',
  },
  { label: 'Jobs', path: paths.jobs, Icon: JobsIcon, shortcut: 'go-jobs', group: 'console' },
  {
    label: 'API keys',
    path: paths.apiKeys,
    Icon: ApiKeysIcon,
    shortcut: 'go-api-keys',
    group: 'console',
  },
  {
    label: 'Settings',
    path: paths.settings,
    Icon: SettingsIcon,
    shortcut: 'go-settings',
    group: 'console',
  },
  {
    label: 'Database',
    path: paths.databaseSettings,
    Icon: DatabaseIcon,
    shortcut: 'go-database',
    group: 'console',
  },
  {
    label: 'Stripe',
    path: paths.stripeSettings,
    Icon: StripeIcon,
    shortcut: 'go-stripe',
    group: 'console',
  },
  {
    label: 'Notifications',
    path: paths.notificationSettings,
    Icon: NotificationsIcon,
    shortcut: 'go-notifications',
    group: 'console',
  },
  { label: 'About', path: paths.about, Icon: AboutIcon, shortcut: 'go-about', group: 'console' },
] as const satisfies ReadonlyArray<{
  label: string;
  path: string;
  Icon: typeof AboutIcon;
  shortcut: ShortcutId;
  group: 'ledger' | 'money' | 'console';
}>;

/** The page of the sidebar that a path belongs to: the one with the longest matching beginning. */
export function pageOf(path: string) {
  return PAGES.filter((page) => path === page.path || path.startsWith(`${page.path}/`)).sort(
    (one, other) => other.path.length - one.path.length,
  )[0];
}
