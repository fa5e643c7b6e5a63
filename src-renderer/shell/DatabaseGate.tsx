import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { paths } from '#renderer/navigation/paths.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LinkButton } from '#renderer/ui/LinkButton.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { MigrationOffer } from '#renderer/ui/MigrationOffer.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { AppError, isErrorCode } from '#shared/errors.ts';
import type { DatabaseStatus } from '#shared/ipc/settings.ts';

type Step = NonNullable<Extract<DatabaseStatus, { status: 'connecting' }>['step']>;

const STEP_WORDS: Record<Step, string> = {
  starting_server: 'The database beside the console is starting.',
  migrating: 'The ledger’s tables and functions are being installed.',
  demo_data: 'Made-up customers are being written, to try things on. This happens once.',
};

/** Shows the ledger's pages once the database is ready; until then, what keeps it from being so and what to do. */
export function DatabaseGate(props: { children: ReactNode }) {
  const { connection, database } = useSession();
  const retry = useCommand('connections.retry');
  switch (database.status) {
    case 'ready':
      return props.children;
    case 'connecting':
      return (
        <Page>
          <PageHeader
            title={`Connecting to ${connection.name}`}
            {...(database.step === undefined ? {} : { description: STEP_WORDS[database.step] })}
          />
          <LoadingRows label={`Connecting to ${connection.name}`} />
        </Page>
      );
    case 'needs_migration':
      return (
        <Page layout="reading">
          <MigrationOffer report={database.report} />
        </Page>
      );
    case 'failed': {
      const code = isErrorCode(database.code) ? database.code : 'internal';
      return (
        <Page layout="reading">
          <PageHeader title={`${connection.name} is not connected`} />
          <ErrorState
            error={retry.error ?? new AppError(code, database.message)}
            actions={
              <Group gap="sm">
                <Button size="xs" loading={retry.isPending} onClick={() => retry.mutate({})}>
                  Try again
                </Button>
                <LinkButton size="xs" to={paths.databaseSettings}>
                  Open Settings, Database
                </LinkButton>
              </Group>
            }
          />
        </Page>
      );
    }
  }
}
