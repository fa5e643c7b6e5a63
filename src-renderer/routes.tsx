import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { decodeSegment, paths } from './navigation/paths.ts';
import { EmptyState } from './ui/EmptyState.tsx';
import { LinkButton } from './ui/LinkButton.tsx';
import { LoadingRows } from './ui/LoadingRows.tsx';
import { Page } from './ui/Page.tsx';

const CustomersPage = lazy(async () => ({
  default: (await import('./features/customers/CustomersPage.tsx')).CustomersPage,
}));
const CustomerPage = lazy(async () => ({
  default: (await import('./features/customers/CustomerPage.tsx')).CustomerPage,
}));
const TransactionsPage = lazy(async () => ({
  default: (await import('./features/transactions/TransactionsPage.tsx')).TransactionsPage,
}));
const UsagePage = lazy(async () => ({
  default: (await import('./features/usage/UsagePage.tsx')).UsagePage,
}));
const CatalogPage = lazy(async () => ({
  default: (await import('./features/catalog/CatalogPage.tsx')).CatalogPage,
}));
const FeaturesPage = lazy(async () => ({
  default: (await import('./features/feature-costs/FeaturesPage.tsx')).FeaturesPage,
}));
const AlertsPage = lazy(async () => ({
  default: (await import('./features/alerts/AlertsPage.tsx')).AlertsPage,
}));
const JobsPage = lazy(async () => ({
  default: (await import('./features/jobs/JobsPage.tsx')).JobsPage,
}));
const ApiKeysPage = lazy(async () => ({
  default: (await import('./features/api-keys/ApiKeysPage.tsx')).ApiKeysPage,
}));
const MeteringPage = lazy(async () => ({
  default: (await import('./features/metering/MeteringPage.tsx')).MeteringPage,
}));
const MoneyBackPage = lazy(async () => ({
  default: (await import('./features/money-back/MoneyBackPage.tsx')).MoneyBackPage,
}));
const StripeEventsPage = lazy(async () => ({
  default: (await import('./features/stripe-events/StripeEventsPage.tsx')).StripeEventsPage,
}));
const ReconciliationPage = lazy(async () => ({
  default: (await import('./features/reconciliation/ReconciliationPage.tsx')).ReconciliationPage,
}));
const StripeSettingsPage = lazy(async () => ({
  default: (await import('./features/settings/StripeSettingsPage.tsx')).StripeSettingsPage,
}));
const NotificationSettingsPage = lazy(async () => ({
  default: (await import('./features/settings/NotificationSettingsPage.tsx'))
    .NotificationSettingsPage,
}));
const SettingsPage = lazy(async () => ({
  default: (await import('./features/settings/SettingsPage.tsx')).SettingsPage,
}));
const DatabaseSettingsPage = lazy(async () => ({
  default: (await import('./features/settings/DatabaseSettingsPage.tsx')).DatabaseSettingsPage,
}));
const AboutPage = lazy(async () => ({
  default: (await import('./features/settings/AboutPage.tsx')).AboutPage,
}));

const loading = (
  <Page>
    <LoadingRows />
  </Page>
);

/** The pages that show the ledger: they need a database that is ready. */
export function LedgerRoutes() {
  return (
    <Suspense fallback={loading}>
      <Switch>
        <Route path={paths.customers} component={CustomersPage} />
        <Route path="/customers/:id">
          {({ id }) => {
            const customerId = decodeSegment(id);
            // Another customer is another page: nothing half-entered goes along.
            return <CustomerPage key={customerId} customerId={customerId} />;
          }}
        </Route>
        <Route path={paths.transactions} component={TransactionsPage} />
        <Route path={paths.usage} component={UsagePage} />
        <Route path={paths.features} component={FeaturesPage} />
        <Route path={paths.alerts} component={AlertsPage} />
        <Route path={paths.jobs} component={JobsPage} />
        <Route path={paths.apiKeys} component={ApiKeysPage} />
        <Route path={paths.catalog} component={CatalogPage} />
        <Route path={paths.metering} component={MeteringPage} />
        <Route path={paths.moneyBack} component={MoneyBackPage} />
        <Route path={paths.stripeEvents} component={StripeEventsPage} />
        <Route path={paths.reconciliation} component={ReconciliationPage} />
        <Route path="/">
          <Redirect to={paths.customers} replace />
        </Route>
        <Route>
          <Page>
            <EmptyState action={<LinkButton to={paths.customers}>Go to Customers</LinkButton>}>
              There is no page at this address.
            </EmptyState>
          </Page>
        </Route>
      </Switch>
    </Suspense>
  );
}

/** The pages that work without a database. */
export function SettingsRoutes() {
  return (
    <Suspense fallback={loading}>
      <Switch>
        <Route path={paths.databaseSettings} component={DatabaseSettingsPage} />
        <Route path={paths.stripeSettings} component={StripeSettingsPage} />
        <Route path={paths.notificationSettings} component={NotificationSettingsPage} />
        <Route path={paths.about} component={AboutPage} />
        <Route component={SettingsPage} />
      </Switch>
    </Suspense>
  );
}

/** Whether a path belongs to the pages that work without a database. */
export function worksWithoutDatabase(path: string): boolean {
  return path === paths.about || path === paths.settings || path.startsWith(`${paths.settings}/`);
}
