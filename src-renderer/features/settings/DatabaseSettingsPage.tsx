import { Button, Modal, PasswordInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { PlusIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { MigrationOffer } from '#renderer/ui/MigrationOffer.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { AppError, isErrorCode } from '#shared/errors.ts';
import type { Connection } from '#shared/ipc/settings.ts';
import { ConnectionForm } from './ConnectionForm.tsx';
import { ConnectionList } from './ConnectionList.tsx';
import { ConnectionReport } from './ConnectionReport.tsx';
import classes from './DatabaseSettingsPage.module.css';

type Dialog =
  | { kind: 'form'; connection: Connection | null }
  | { kind: 'password'; connection: Connection }
  | { kind: 'remove'; connection: Connection };

/** The databases that this console knows: add, test, edit, switch between them, and what the one in use was found to be. */
export function DatabaseSettingsPage() {
  const list = useQuery(consoleQuery('connections.list', {}));
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const switching = useSwitch((connection) => setDialog({ kind: 'password', connection }));
  const close = () => setDialog(null);
  return (
    <Page layout="reading">
      <PageHeader
        title="Database"
        description="Where the ledger is: the PostgreSQL that comes with the console, or your team’s."
        actions={
          <Button
            leftSection={<PlusIcon size={14} />}
            onClick={() => setDialog({ kind: 'form', connection: null })}
          >
            Add connection
          </Button>
        }
      />
      {list.isPending && <LoadingRows count={3} />}
      {list.isError && <ErrorState error={list.error} onRetry={() => void list.refetch()} />}
      {list.data !== undefined && (
        <>
          <ConnectionList
            connections={list.data.connections}
            activeId={list.data.activeId}
            switchingId={switching.switchingId}
            onSwitch={switching.start}
            onEdit={(connection) => setDialog({ kind: 'form', connection })}
            onRemove={(connection) => setDialog({ kind: 'remove', connection })}
          />
          <p className={classes.keyStore}>
            {list.data.keyStoreAvailable
              ? 'Passwords are kept by the operating system’s key store.'
              : 'This system offers no key store: passwords are kept in memory only, and asked for again after the console closes.'}
          </p>
        </>
      )}
      {switching.error !== null && dialog === null && (
        <div className={classes.error}>
          <ErrorState error={switching.error} />
        </div>
      )}
      <ActiveConnection />
      {dialog?.kind === 'form' && (
        <ConnectionForm
          key={dialog.connection?.id ?? 'new'}
          connection={dialog.connection}
          keyStoreAvailable={list.data?.keyStoreAvailable ?? false}
          onClose={close}
        />
      )}
      {dialog?.kind === 'password' && (
        <PasswordDialog connection={dialog.connection} onClose={close} onDone={close} />
      )}
      {dialog?.kind === 'remove' && <RemoveDialog connection={dialog.connection} onClose={close} />}
    </Page>
  );
}

function useSwitch(askPassword: (connection: Connection) => void) {
  const command = useSwitchCommand();
  return {
    switchingId: command.isPending ? (command.variables?.id ?? null) : null,
    error: command.error,
    start: (connection: Connection) => {
      if (connection.password === 'missing') askPassword(connection);
      else command.mutate({ id: connection.id });
    },
  };
}

function useSwitchCommand() {
  const queryClient = useQueryClient();
  return useCommand('connections.switch', {
    onSuccess: (status) => {
      announce(status.status === 'failed' ? status.message : 'Connection switched.');
    },
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: ['connections.list'] });
      void queryClient.invalidateQueries({ queryKey: ['settings.session'] });
    },
  });
}

/** What the connection in use was found to be, or why it does not work. */
function ActiveConnection() {
  const { connection, database } = useSession();
  const retry = useCommand('connections.retry');
  return (
    <section className={classes.active} aria-label="In use">
      {database.status === 'needs_migration' ? (
        <MigrationOffer report={database.report} heading="section" />
      ) : (
        <h2 className={classes.heading}>{connection.name}, in use</h2>
      )}
      {database.status === 'connecting' && <LoadingRows count={4} label="Connecting" />}
      {database.status === 'failed' && (
        <ErrorState
          error={
            retry.error ??
            new AppError(isErrorCode(database.code) ? database.code : 'internal', database.message)
          }
          onRetry={() => retry.mutate({})}
        />
      )}
      {(database.status === 'ready' || database.status === 'needs_migration') && (
        <ConnectionReport report={database.report} />
      )}
    </section>
  );
}

function PasswordDialog(props: {
  connection: Connection;
  onClose: () => void;
  onDone: () => void;
}) {
  const { connection } = props;
  const [password, setPassword] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const command = useSwitchCommand();
  function submit(event: FormEvent) {
    event.preventDefault();
    setFailure(null);
    command.mutate(
      { id: connection.id, password },
      {
        onSuccess: (status) => {
          if (status.status === 'failed') setFailure(status.message);
          else props.onDone();
        },
        onError: (error) => setFailure(error.message),
      },
    );
  }
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={`Password for ${connection.name}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={submit}>
        <PasswordInput
          data-autofocus
          label="Password"
          description={connection.url}
          autoComplete="off"
          maxLength={500}
          value={password}
          error={failure}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password', tabIndex: 0 }}
        />
        <div className={classes.dialogFoot}>
          <Button variant="default" onClick={props.onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={password === ''} loading={command.isPending}>
            Connect
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function RemoveDialog(props: { connection: Connection; onClose: () => void }) {
  const { connection } = props;
  const queryClient = useQueryClient();
  const remove = useCommand('connections.remove', {
    onSuccess: () => {
      announce(`Connection ${connection.name} removed.`);
      void queryClient.invalidateQueries({ queryKey: ['connections.list'] });
      props.onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={`Remove ${connection.name}?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <p className={classes.dialogWords}>
        The console forgets its address and its password. The database and its ledger stay as they
        are.
      </p>
      {remove.error !== null && <ErrorState error={remove.error} />}
      <div className={classes.dialogFoot}>
        <Button variant="default" data-autofocus onClick={props.onClose}>
          Cancel
        </Button>
        <Button
          color="red"
          loading={remove.isPending}
          onClick={() => remove.mutate({ id: connection.id })}
        >
          Remove connection
        </Button>
      </div>
    </Modal>
  );
}
