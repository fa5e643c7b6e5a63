import { ActionIcon, Button, Menu } from '@mantine/core';
import { environmentLabel } from '#renderer/format/labels.ts';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { CheckIcon, MoreIcon } from '#renderer/ui/icons.tsx';
import type { Connection } from '#shared/ipc/settings.ts';
import classes from './ConnectionList.module.css';

const PASSWORD_WORDS: Record<Connection['password'], string | null> = {
  none: null,
  key_store: 'Password in the key store',
  memory: 'Password in memory until the console closes',
  missing: 'Password will be asked for',
};

/** The connections, each with its colour and environment; the one in use is marked by word. */
export function ConnectionList(props: {
  connections: readonly Connection[];
  activeId: string;
  switchingId: string | null;
  onSwitch: (connection: Connection) => void;
  onEdit: (connection: Connection) => void;
  onRemove: (connection: Connection) => void;
}) {
  return (
    <ul className={classes.list} aria-label="Connections">
      {props.connections.map((connection) => {
        const isActive = connection.id === props.activeId;
        const facts = [
          connection.url ?? 'PostgreSQL 18 beside the console, on this computer',
          PASSWORD_WORDS[connection.password],
          connection.allowUnverifiedTls ? 'Server not verified' : null,
        ].filter((fact) => fact !== null);
        return (
          <li key={connection.id} className={classes.item}>
            <span
              className={classes.dot}
              style={{ background: `var(--connection-${connection.color})` }}
              aria-hidden="true"
            />
            <div className={classes.words}>
              <div className={classes.line}>
                <span className={classes.name}>{connection.name}</span>
                <span
                  className={classes.environment}
                  style={{ color: `var(--connection-${connection.color})` }}
                >
                  {environmentLabel(connection.environment)}
                </span>
              </div>
              <div className={classes.facts}>
                {facts.map((fact) => (
                  <span key={fact}>{fact}</span>
                ))}
                {connection.lastUsedAt !== null && !isActive && (
                  <span>
                    Last used <InstantText iso={connection.lastUsedAt} />
                  </span>
                )}
              </div>
            </div>
            {isActive ? (
              <span className={classes.inUse}>
                <CheckIcon size={14} /> In use
              </span>
            ) : (
              <Button
                variant="default"
                aria-label={`Use ${connection.name}`}
                loading={props.switchingId === connection.id}
                disabled={props.switchingId !== null}
                onClick={() => props.onSwitch(connection)}
              >
                Use
              </Button>
            )}
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={`More for ${connection.name}`}>
                  <MoreIcon />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => props.onEdit(connection)}>Edit</Menu.Item>
                {connection.kind !== 'embedded' && !isActive && (
                  <Menu.Item c="var(--text-negative)" onClick={() => props.onRemove(connection)}>
                    Remove…
                  </Menu.Item>
                )}
              </Menu.Dropdown>
            </Menu>
          </li>
        );
      })}
    </ul>
  );
}
