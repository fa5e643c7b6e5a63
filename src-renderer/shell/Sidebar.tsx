import { Tooltip, UnstyledButton } from '@mantine/core';
import { Link, useLocation } from 'wouter';
import { SidebarIcon } from '#renderer/ui/icons.tsx';
import { Kbd } from '#renderer/ui/Kbd.tsx';
import { keysInWords } from '#renderer/ui/shortcuts.ts';
import { PAGES, pageOf } from './pages.ts';
import classes from './Sidebar.module.css';

const GROUPS = [
  { id: 'ledger', label: 'Ledger' },
  { id: 'money', label: 'Money' },
  { id: 'console', label: 'Console' },
] as const;

/** The pages in groups, each with its key; folded, only their icons. */
export function Sidebar(props: { collapsed: boolean; onToggle: () => void }) {
  const [path] = useLocation();
  const current = pageOf(path);
  return (
    <nav
      className={classes.sidebar}
      aria-label="Pages"
      data-collapsed={props.collapsed || undefined}
    >
      <div className={classes.brand}>
        <span className={classes.mark} aria-hidden="true" />
        <span className={classes.label}>Credit Console</span>
      </div>
      <div className={classes.groups}>
        {GROUPS.map((group) => (
          <section key={group.id} className={classes.group} aria-label={group.label}>
            <div className={classes.groupLabel} aria-hidden="true">
              {group.label}
            </div>
            <ul className={classes.list}>
              {PAGES.filter((page) => page.group === group.id).map((page) => (
                <li key={page.path}>
                  <Tooltip
                    label={`${page.label} · ${keysInWords(page.shortcut)}`}
                    position="right"
                    disabled={!props.collapsed}
                  >
                    <Link
                      href={page.path}
                      className={classes.entry}
                      aria-current={page === current ? 'page' : undefined}
                    >
                      <page.Icon />
                      <span className={classes.label}>{page.label}</span>
                      <span className={classes.key} aria-hidden="true">
                        <Kbd id={page.shortcut} />
                      </span>
                    </Link>
                  </Tooltip>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      <UnstyledButton
        className={classes.toggle}
        onClick={props.onToggle}
        aria-expanded={!props.collapsed}
        aria-label={props.collapsed ? 'Unfold the sidebar' : 'Fold the sidebar'}
        title={`${props.collapsed ? 'Unfold' : 'Fold'} the sidebar (${keysInWords('toggle-sidebar')})`}
      >
        <SidebarIcon />
      </UnstyledButton>
    </nav>
  );
}
