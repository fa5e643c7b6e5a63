import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { copyText } from '#renderer/ui/copy-text.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { CopyIcon } from '#renderer/ui/icons.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import type { Output } from '#shared/ipc/procedure.ts';
import type { settingsProcedures } from '#shared/ipc/settings.ts';
import classes from './AboutPage.module.css';
import { OpenFolderButton } from './OpenFolderButton.tsx';

type About = Output<(typeof settingsProcedures)['settings.about']>;

/** What runs here, in which version, and where it keeps its files. */
export function AboutPage() {
  const about = useQuery(consoleQuery('settings.about', {}));
  return (
    <Page layout="reading">
      <PageHeader
        title="About Credit Console"
        description="A ledger of credits in PostgreSQL, and the desktop console for the people who answer for it."
      />
      {about.isPending && <LoadingRows count={9} />}
      {about.isError && <ErrorState error={about.error} onRetry={() => void about.refetch()} />}
      {about.data !== undefined && <AboutDetails about={about.data} />}
    </Page>
  );
}

function AboutDetails({ about }: { about: About }) {
  const open = useCommand('settings.openFolder');
  const versions: Array<[string, string]> = [
    ['Credit Console', about.version],
    ['PostgreSQL', about.postgresql ?? 'not connected'],
    ['Electron', about.electron],
    ['Chromium', about.chrome],
    ['Node', about.node],
    ['System', about.platform],
    ['Key store', about.keyStore ?? 'none: passwords are kept in memory only'],
  ];
  const places: Array<[string, string]> = [
    ['Data folder', about.dataFolder],
    ...(about.clusterFolder === null
      ? []
      : [['Embedded database', about.clusterFolder] satisfies [string, string]]),
    ['Log file', about.logFile],
  ];
  return (
    <>
      {about.runtimeNote !== null && <p className={classes.note}>{about.runtimeNote}</p>}
      <h2 className={classes.heading}>Versions</h2>
      <dl className={classes.list}>
        {versions.map(([name, value]) => (
          <div key={name} className={classes.line}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h2 className={classes.heading}>Files</h2>
      <dl className={classes.list}>
        {places.map(([name, value]) => (
          <div key={name} className={classes.line}>
            <dt>{name}</dt>
            <dd>
              <CopyableId value={value} label={name} />
            </dd>
          </div>
        ))}
      </dl>
      <div className={classes.actions}>
        <Button
          variant="default"
          leftSection={<CopyIcon size={14} />}
          onClick={() =>
            void copyText(
              versions.map(([name, value]) => `${name}: ${value}`).join('\n'),
              'Versions',
            )
          }
        >
          Copy versions
        </Button>
        <OpenFolderButton folder="data" onOpen={open.mutate} />
        <OpenFolderButton folder="logs" onOpen={open.mutate} />
      </div>
      {open.error !== null && <ErrorState error={open.error} />}
    </>
  );
}
