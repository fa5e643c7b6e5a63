import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Router } from 'wouter';
import { createQueryClient, followConsoleEvents } from './api/query-client.ts';
import { SessionProvider, useSession } from './api/session.tsx';
import { BillingFormsProvider } from './features/billing/billing.tsx';
import { LedgerFormsProvider } from './features/ledger-forms/ledger-forms.tsx';
import { MeteredUsageFormsProvider } from './features/metered-usage/metered-usage.tsx';
import { useHashLocation } from './navigation/hash-location.ts';
import { Shell } from './shell/Shell.tsx';
import { ShellFailed, ShellLoading } from './shell/ShellStart.tsx';
import { ConsoleTheme, useThemePreference } from './theme/ConsoleTheme.tsx';
import { LiveRegion } from './ui/announce.tsx';
import { DensityProvider } from './ui/density.tsx';
import { ErrorBoundary } from './ui/ErrorBoundary.tsx';

/** The window: its providers, and the shell within. `env="test"` leaves out transitions and portals. */
export function App(props: { env?: 'default' | 'test' }) {
  const [queryClient] = useState(createQueryClient);
  useEffect(() => followConsoleEvents(queryClient), [queryClient]);
  return (
    <ConsoleTheme env={props.env ?? 'default'}>
      <QueryClientProvider client={queryClient}>
        <Router hook={useHashLocation}>
          <ErrorBoundary>
            <SessionProvider
              loading={<ShellLoading />}
              failed={(error, retry) => <ShellFailed error={error} onRetry={retry} />}
            >
              <PreferredShell />
            </SessionProvider>
          </ErrorBoundary>
          <LiveRegion />
          <section aria-label="Notices">
            {/* Drawers have their buttons at the bottom right: a notice there would lie over them. */}
            <Notifications
              position="bottom-left"
              autoClose={10_000}
              transitionDuration={0}
              withinPortal={false}
            />
          </section>
        </Router>
      </QueryClientProvider>
    </ConsoleTheme>
  );
}

function PreferredShell() {
  const { preferences } = useSession();
  useThemePreference(preferences.theme);
  return (
    <DensityProvider density={preferences.density}>
      <LedgerFormsProvider>
        <BillingFormsProvider>
          <MeteredUsageFormsProvider>
            <Shell />
          </MeteredUsageFormsProvider>
        </BillingFormsProvider>
      </LedgerFormsProvider>
    </DensityProvider>
  );
}
