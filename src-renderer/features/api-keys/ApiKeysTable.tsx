import { Button, VisuallyHidden } from '@mantine/core';
import { formatQuantity } from '#renderer/format/credits.ts';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import type { ApiKey } from '#shared/ipc/api-keys.ts';
import classes from './api-keys.module.css';
import { scopesInWords } from './scope-words.ts';

/** The keys, each with what it may do and when it was used last. `acts` null: they can only be looked at. */
export function ApiKeysTable({
  keys,
  acts,
}: {
  keys: readonly ApiKey[];
  acts: {
    /** The key that is being revoked. */
    revokingId: string | null;
    onEdit: (key: ApiKey) => void;
    onRevoke: (key: ApiKey) => void;
  } | null;
}) {
  return (
    <Table
      label="API keys"
      head={
        <>
          <th scope="col">Name</th>
          <th scope="col">May</th>
          <th scope="col">Made</th>
          <th scope="col">Last used</th>
          <th scope="col">State</th>
          <th scope="col" data-actions>
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {keys.map((key) => (
        <tr
          key={key.id}
          className={classes.row}
          data-revoked={key.revokedAt === null ? undefined : true}
        >
          <th scope="row" data-wrap>
            <div className={classes.name}>{key.name}</div>
            <div className={classes.prefix}>{key.prefix}…</div>
          </th>
          <td data-wrap>
            {scopesInWords(key.scopes)}
            <div className={classes.detail}>
              {formatQuantity(key.requestsPerSecond, 'request')} a second
            </div>
          </td>
          <td>
            <InstantText iso={key.createdAt} />
            <div className={classes.detail}>by {key.createdBy}</div>
          </td>
          <td>{key.lastUsedAt === null ? 'Never' : <InstantText iso={key.lastUsedAt} />}</td>
          <td>
            {key.revokedAt === null ? (
              <StateBadge tone="good">In use</StateBadge>
            ) : (
              <>
                <StateBadge tone="neutral">Revoked</StateBadge>
                <div className={classes.detail}>
                  <InstantText iso={key.revokedAt} />
                </div>
                {key.revokedBy !== null && <div className={classes.detail}>by {key.revokedBy}</div>}
              </>
            )}
          </td>
          <td data-actions>
            {acts !== null && key.revokedAt === null && (
              <>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={`Edit ${key.name}`}
                  onClick={() => acts.onEdit(key)}
                >
                  Edit
                </Button>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  loading={acts.revokingId === key.id}
                  aria-label={`Revoke ${key.name}`}
                  onClick={() => acts.onRevoke(key)}
                >
                  Revoke
                </Button>
              </>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
