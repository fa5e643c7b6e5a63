import { ActionIcon, UnstyledButton } from '@mantine/core';
import { Link } from 'wouter';
import { useSession } from '#renderer/api/session.tsx';
import { environmentLabel } from '#renderer/format/labels.ts';
import { useHistoryMoves } from '#renderer/navigation/hash-location.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { ArrowLeftIcon, ArrowRightIcon, SearchIcon } from '#renderer/ui/icons.tsx';
import { Kbd } from '#renderer/ui/Kbd.tsx';
import { keysInWords } from '#renderer/ui/shortcuts.ts';
import { StripeBadge } from './StripeBadge.tsx';
import classes from './TopBar.module.css';

const STATE_WORDS = {
  connecting: 'Connecting…',
  ready: null,
  needs_migration: 'Needs its ledger',
  failed: 'Not connected',
} as const;

/** Back and forward, the one search, where this window is connected to, and who acts. */
export function TopBar(props: { onSearch: () => void }) {
  const { connection, database, actor, demoData } = useSession();
  const moves = useHistoryMoves();
  const state = STATE_WORDS[database.status];
  return (
    <header className={classes.bar}>
      <div className={classes.moves}>
        <ActionIcon
          aria-label="Back"
          title={`Back (${keysInWords('go-back')})`}
          disabled={!moves.canGoBack}
          onClick={moves.back}
        >
          <ArrowLeftIcon />
        </ActionIcon>
        <ActionIcon
          aria-label="Forward"
          title={`Forward (${keysInWords('go-forward')})`}
          disabled={!moves.canGoForward}
          onClick={moves.forward}
        >
          <ArrowRightIcon />
        </ActionIcon>
      </div>
      <UnstyledButton
        className={classes.search}
        onClick={props.onSearch}
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K Meta+K"
      >
        <SearchIcon size={14} />
        <span className={classes.searchWords}>Search customers, ids, pages…</span>
        <span aria-hidden="true">
          <Kbd id="search" />
        </span>
      </UnstyledButton>
      <div className={classes.where}>
        {demoData && (
          <span
            className={classes.demo}
            title="This workspace holds made-up customers to try things on."
          >
            Demo data
          </span>
        )}
        {database.status === 'ready' && <StripeBadge />}
        <Link
          href={paths.databaseSettings}
          className={classes.connection}
          title={`Connected to ${connection.name} (${environmentLabel(connection.environment)}). Press for the connections.`}
        >
          <span className={classes.dot} aria-hidden="true" />
          <span className={classes.connectionName}>{connection.name}</span>
          <span className={classes.environment} data-environment={connection.environment}>
            {environmentLabel(connection.environment)}
          </span>
          {state !== null && <span className={classes.state}>{state}</span>}
        </Link>
        <Link
          href={paths.settings}
          className={classes.actor}
          title={`You act as ${actor}. This name stands on every entry that you post.`}
        >
          <span className={classes.initial} aria-hidden="true">
            {[...actor][0]?.toUpperCase()}
          </span>
          <span className={classes.actorName}>{actor}</span>
        </Link>
      </div>
    </header>
  );
}
