import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { render as renderTree } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type ComponentType, Fragment, type ReactNode, useEffect } from 'react';
import { Router } from 'wouter';
import { createQueryClient, followConsoleEvents } from '#renderer/api/query-client.ts';
import { SessionProvider } from '#renderer/api/session.tsx';
import { BillingFormsProvider } from '#renderer/features/billing/billing.tsx';
import { LedgerFormsProvider } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { MeteredUsageFormsProvider } from '#renderer/features/metered-usage/metered-usage.tsx';
import { useHashLocation } from '#renderer/navigation/hash-location.ts';
import { ConsoleTheme } from '#renderer/theme/ConsoleTheme.tsx';
import { LiveRegion } from '#renderer/ui/announce.tsx';
import {
  aSession,
  createFakeBridge,
  type FakeBridge,
  type FakeHandlers,
  type Session,
} from './fake-bridge.ts';

/**
 * Renders a part of the window as the app does: theme, cache, session, router, notices, and a fake bridge with the
 * given handlers. `path` is where the window is; `within` puts further providers around, such as WithForms.
 */
export function render(
  ui: ReactNode,
  options: {
    handlers?: FakeHandlers;
    session?: Partial<Session>;
    path?: string;
    within?: ComponentType<{ children: ReactNode }>;
  } = {},
) {
  const bridge = openWindow(options);
  const queryClient = createQueryClient();
  const Within = options.within ?? Fragment;
  const content = <Within>{ui}</Within>;

  function Following(props: { children: ReactNode }) {
    useEffect(() => followConsoleEvents(queryClient), []);
    return props.children;
  }

  const view = renderTree(
    <ConsoleTheme env="test">
      <QueryClientProvider client={queryClient}>
        <Router hook={useHashLocation}>
          <Following>
            <SessionProvider loading={null} failed={(error) => <p>{error.message}</p>}>
              <LiveRegion />
              {content}
            </SessionProvider>
            <Notifications />
          </Following>
        </Router>
      </QueryClientProvider>
    </ConsoleTheme>,
  );
  return { ...view, bridge, queryClient, user: userEvent.setup() };
}

/** The forms that post, around a page: for `within`. */
export function WithForms({ children }: { children: ReactNode }) {
  return (
    <LedgerFormsProvider>
      <BillingFormsProvider>
        <MeteredUsageFormsProvider>{children}</MeteredUsageFormsProvider>
      </BillingFormsProvider>
    </LedgerFormsProvider>
  );
}

/** Puts a fake bridge where the preload puts the real one, and the window at a path. */
export function openWindow(options: {
  handlers?: FakeHandlers;
  session?: Partial<Session>;
  path?: string;
}): FakeBridge {
  const bridge = createFakeBridge({
    'settings.session': async () => aSession(options.session),
    ...options.handlers,
  });
  Object.defineProperty(window, 'creditConsole', { configurable: true, value: bridge });
  window.history.replaceState(null, '', `#${options.path ?? '/'}`);
  return bridge;
}

/** Where the window is: path and query. */
export function currentPath(): string {
  return window.location.hash.slice(1);
}
