import { Button, Checkbox } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { paths } from '#renderer/navigation/paths.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import type { settingsProcedures } from '#shared/ipc/settings.ts';
import { ErrorState } from './ErrorState.tsx';
import { LinkButton } from './LinkButton.tsx';
import classes from './MigrationOffer.module.css';
import { PageHeader } from './PageHeader.tsx';

type Report = Output<(typeof settingsProcedures)['connections.test']>;

const WORDS = {
  missing: {
    title: (name: string) => `${name} has no ledger yet`,
    what: 'The database answers, but the tables and functions of the ledger are not in it. Nothing is read or written until they are.',
    action: 'Install the ledger',
    sure: 'This is production. Install the ledger into it.',
  },
  outdated: {
    title: (name: string) => `The ledger in ${name} is older than this console`,
    what: 'Its tables and functions are of an earlier version. Updating keeps every entry; consoles and services that write at the same moment may have to wait for it.',
    action: 'Update the ledger',
    sure: 'This is production. Update its ledger while others may be using it.',
  },
} as const;

/** Says why nothing is shown of a database without a current ledger, and offers to install or update it where the role may. */
export function MigrationOffer(props: {
  report: Report;
  /** `page`: it is the page, with its h1; `section`: it stands on a page of another title. */
  heading?: 'page' | 'section';
}) {
  const { connection } = useSession();
  const { report } = props;
  const migrate = useCommand('connections.migrate');
  const [confirmed, setConfirmed] = useState(false);
  const heading = (title: string) =>
    props.heading === 'section' ? (
      <h2 className={classes.heading}>{title}</h2>
    ) : (
      <PageHeader title={title} />
    );
  const isProduction = connection.environment === 'production';

  if (report.schema !== 'missing' && report.schema !== 'outdated') {
    return (
      <>
        {heading(`The ledger in ${connection.name} is newer than this console`)}
        <p className={classes.words}>
          Nothing was changed. Update the console to work with this database, or choose another
          connection.
        </p>
        <div className={classes.actions}>
          <LinkButton to={paths.databaseSettings}>Open Settings, Database</LinkButton>
        </div>
      </>
    );
  }
  const words = WORDS[report.schema];
  return (
    <>
      {heading(words.title(connection.name))}
      <p className={classes.words}>{words.what}</p>
      {report.canMigrate ? (
        <>
          {isProduction && (
            <Checkbox
              label={words.sure}
              checked={confirmed}
              onChange={(event) => setConfirmed(event.currentTarget.checked)}
              mb="md"
            />
          )}
          <div className={classes.actions}>
            <Button
              loading={migrate.isPending}
              disabled={isProduction && !confirmed}
              onClick={() => migrate.mutate({ confirmedProduction: isProduction && confirmed })}
            >
              {words.action}
            </Button>
            <LinkButton to={paths.databaseSettings}>Choose another connection</LinkButton>
          </div>
          {migrate.error !== null && (
            <div className={classes.error}>
              <ErrorState error={migrate.error} />
            </div>
          )}
        </>
      ) : (
        <>
          <p className={classes.words}>
            The role <code>{report.role}</code> may not do this: it needs the privilege to create in
            the database <code>{report.database}</code>. Ask its owner to run the update, or connect
            as a role that may.
          </p>
          <div className={classes.actions}>
            <LinkButton to={paths.databaseSettings}>Open Settings, Database</LinkButton>
          </div>
        </>
      )}
    </>
  );
}
