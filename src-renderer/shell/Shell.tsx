import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { onConsoleEvent } from '#renderer/api/client.ts';
import { useSession } from '#renderer/api/session.tsx';
import { usePreferences } from '#renderer/api/use-preferences.ts';
import { useHistoryMoves } from '#renderer/navigation/hash-location.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { LedgerRoutes, SettingsRoutes, worksWithoutDatabase } from '#renderer/routes.tsx';
import { ErrorBoundary } from '#renderer/ui/ErrorBoundary.tsx';
import { isPageHeld } from '#renderer/ui/held-page.ts';
import { useShortcut } from '#renderer/ui/shortcuts.ts';
import { DatabaseGate } from './DatabaseGate.tsx';
import { PAGES, pageOf } from './pages.ts';
import { SearchPalette } from './SearchPalette.tsx';
import classes from './Shell.module.css';
import { ShortcutSheet } from './ShortcutSheet.tsx';
import { Sidebar } from './Sidebar.tsx';
import { TopBar } from './TopBar.tsx';
import { useRecentCustomers } from './use-recent-customers.ts';

type Overlay = 'search' | 'shortcuts' | null;

/** The frame of the window: the environment's stripe, sidebar, top bar, and the page that the address names. */
export function Shell() {
  const { connection } = useSession();
  const { preferences, update } = usePreferences();
  const [path, navigate] = useLocation();
  const [overlay, setOverlay] = useState<Overlay>(null);
  const recents = useRecentCustomers();
  const mainRef = useRef<HTMLElement>(null);

  const toggleSidebar = () => update({ sidebarCollapsed: !preferences.sidebarCollapsed });
  const search = () => {
    if (!isPageHeld()) setOverlay('search');
  };
  useShellShortcuts({
    navigate,
    search,
    showShortcuts: () => setOverlay('shortcuts'),
    toggleSidebar,
  });

  useEffect(
    () =>
      onConsoleEvent((event) => {
        if (isPageHeld()) return;
        if (event.type === 'navigate' && event.to.startsWith('/')) navigate(event.to);
        if (event.type !== 'menu') return;
        if (event.item === 'about') navigate(paths.about);
        if (event.item === 'search') setOverlay('search');
        if (event.item === 'shortcuts') setOverlay('shortcuts');
      }),
    [navigate],
  );

  useEffect(() => {
    document.title = `${pageOf(path)?.label ?? 'Credit Console'} – ${connection.name}`;
  }, [path, connection.name]);

  // What had the focus is gone with the page before; from here the Tab key starts with the new one.
  const lastPath = useRef(path);
  useEffect(() => {
    if (lastPath.current === path) return;
    lastPath.current = path;
    if (!mainRef.current?.contains(document.activeElement)) mainRef.current?.focus();
  }, [path]);

  return (
    <div className={classes.shell} data-connection-color={connection.color}>
      <div className={classes.stripe} data-testid="environment-stripe" aria-hidden="true" />
      <button type="button" className={classes.skip} onClick={() => mainRef.current?.focus()}>
        Skip to the page
      </button>
      <Sidebar collapsed={preferences.sidebarCollapsed} onToggle={toggleSidebar} />
      <div className={classes.column}>
        <TopBar onSearch={search} />
        <main className={classes.main} ref={mainRef} tabIndex={-1}>
          <ErrorBoundary resetKey={path}>
            {worksWithoutDatabase(path) ? (
              <SettingsRoutes />
            ) : (
              <DatabaseGate>
                <LedgerRoutes />
              </DatabaseGate>
            )}
          </ErrorBoundary>
        </main>
      </div>
      <SearchPalette
        opened={overlay === 'search'}
        onClose={() => setOverlay(null)}
        onShowShortcuts={() => setOverlay('shortcuts')}
        recents={recents}
      />
      <ShortcutSheet opened={overlay === 'shortcuts'} onClose={() => setOverlay(null)} />
    </div>
  );
}

function useShellShortcuts(acts: {
  navigate: (to: string) => void;
  search: () => void;
  showShortcuts: () => void;
  toggleSidebar: () => void;
}) {
  const { navigate } = acts;
  const moves = useHistoryMoves();
  useShortcut('search', acts.search);
  useShortcut('shortcuts', acts.showShortcuts);
  useShortcut('go-back', moves.back);
  useShortcut('go-forward', moves.forward);
  useShortcut('toggle-sidebar', acts.toggleSidebar);
  useShortcut('go-customers', () => navigate(paths.customers));
  useShortcut('go-transactions', () => navigate(paths.transactions));
  useShortcut('go-usage', () => navigate(paths.usage));
  useShortcut('go-features', () => navigate(paths.features));
  useShortcut('go-alerts', () => navigate(paths.alerts));
  useShortcut('go-catalog', () => navigate(paths.catalog));
  useShortcut('go-metering', () => navigate(paths.metering));
  useShortcut('go-money-back', () => navigate(paths.moneyBack));
  useShortcut('go-events', () => navigate(paths.stripeEvents));
  useShortcut('go-reconciliation', () => navigate(paths.reconciliation));
  useShortcut('go-jobs', () => navigate(paths.jobs));
  useShortcut('go-api-keys', () => navigate(paths.apiKeys));
  useShortcut('go-settings', () => navigate(paths.settings));
  useShortcut('go-database', () => navigate(paths.databaseSettings));
  useShortcut('go-stripe', () => navigate(paths.stripeSettings));
  useShortcut('go-notifications', () => navigate(paths.notificationSettings));
  useShortcut('go-about', () => navigate(paths.about));
  useShortcut('page-1', () => navigate(PAGES[0].path));
  useShortcut('page-2', () => navigate(PAGES[1].path));
  useShortcut('page-3', () => navigate(PAGES[2].path));
}
