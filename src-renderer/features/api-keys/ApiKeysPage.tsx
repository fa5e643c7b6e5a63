import { Button, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useAbility } from '#renderer/api/session.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { PlusIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { SecretOnceDialog } from '#renderer/ui/SecretOnceDialog.tsx';
import type { ApiKey } from '#shared/ipc/api-keys.ts';
import { ApiKeyForm } from './ApiKeyForm.tsx';
import { ApiKeysTable } from './ApiKeysTable.tsx';
import classes from './api-keys.module.css';
import { HowToCall } from './HowToCall.tsx';
import { useRevoking } from './use-revoking.tsx';

/** The last use of a key is known to the minute, and nobody tells the window of it. */
const READ_EVERY_MS = 60_000;

type Shown = 'all' | 'in_use' | 'revoked';

/** The keys that back ends call the HTTP service with: what each may do, and when it was used last. */
export function ApiKeysPage() {
  const list = useQuery({ ...consoleQuery('keys.list', {}), refetchInterval: READ_EVERY_MS });
  const mayChange = useAbility('administer');
  const [shown, setShown] = useState<Shown>('all');
  const [form, setForm] = useState<{ apiKey: ApiKey | null } | null>(null);
  const [made, setMade] = useState<{ key: string; apiKey: ApiKey } | null>(null);
  const revoking = useRevoking();
  const newKey = mayChange && (
    <Button leftSection={<PlusIcon size={14} />} onClick={() => setForm({ apiKey: null })}>
      New key
    </Button>
  );
  return (
    <Page>
      <PageHeader
        title="API keys"
        description="What the company’s own back ends call the HTTP service with. A key can check, hold and spend credits, as far as it may; none can grant any."
        actions={newKey}
      />
      {!mayChange && (
        <p className={classes.note}>
          You can read this page. Making, changing and revoking keys takes a role that may
          administer the workspace.
        </p>
      )}
      <CommandFailure error={revoking.error} />
      <div className={classes.sections}>
        {list.isPending && <LoadingRows count={5} label="Loading the keys" />}
        {list.isError && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
        {list.data !== undefined && (
          <Keys
            keys={list.data.rows}
            shown={shown}
            onShow={setShown}
            acts={
              mayChange
                ? {
                    revokingId: revoking.revokingId,
                    onEdit: (apiKey) => setForm({ apiKey }),
                    onRevoke: revoking.start,
                  }
                : null
            }
          />
        )}
        <HowToCall />
      </div>
      {form !== null && (
        <ApiKeyForm
          key={form.apiKey?.id ?? 'new'}
          apiKey={form.apiKey}
          onMade={setMade}
          onClose={() => setForm(null)}
        />
      )}
      {made !== null && (
        <SecretOnceDialog
          title={`The key “${made.apiKey.name}”`}
          secret={made.key}
          what="Key"
          onClose={() => setMade(null)}
        >
          Copy the key now and put it where the back end reads it from. It cannot be shown again: it
          is stored nowhere, only a fingerprint that it is known by.
        </SecretOnceDialog>
      )}
      {revoking.question}
    </Page>
  );
}

function Keys({
  keys,
  shown,
  onShow,
  acts,
}: {
  keys: readonly ApiKey[];
  shown: Shown;
  onShow: (shown: Shown) => void;
  acts: Parameters<typeof ApiKeysTable>[0]['acts'];
}) {
  const revoked = keys.filter((key) => key.revokedAt !== null);
  const inUse = keys.filter((key) => key.revokedAt === null);
  if (keys.length === 0) {
    return <EmptyState>There is no key yet. A back end needs one to call the service.</EmptyState>;
  }
  const rows = {
    all: [...inUse, ...revoked],
    in_use: inUse,
    revoked,
  }[shown];
  return (
    <div>
      {(revoked.length > 0 || shown !== 'all') && (
        <div className={classes.filters}>
          <SegmentedControl
            aria-label="Which keys"
            data={[
              { value: 'all', label: 'All' },
              { value: 'in_use', label: 'In use' },
              { value: 'revoked', label: 'Revoked' },
            ]}
            value={shown}
            onChange={onShow}
          />
        </div>
      )}
      {rows.length === 0 ? (
        <EmptyState>{shown === 'in_use' ? 'No key is in use.' : 'No key was revoked.'}</EmptyState>
      ) : (
        <ApiKeysTable keys={rows} acts={acts} />
      )}
    </div>
  );
}
