import { Button, Loader } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { formatQuantity } from '#renderer/format/credits.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { CheckIcon, FolderIcon } from '#renderer/ui/icons.tsx';
import type { useExportJob } from './export-job.ts';
import classes from './Transactions.module.css';

/** How far the export is, and how it ended. */
export function ExportNotice({ job }: { job: ReturnType<typeof useExportJob> }) {
  const { current } = job;
  switch (current.status) {
    case 'none':
      return null;
    case 'running':
      return (
        <div className={classes.notice}>
          <Loader size={14} type="dots" aria-hidden="true" />
          <span>
            {current.cancelling
              ? 'Cancelling the export…'
              : `Exporting: ${formatQuantity(current.rows, 'row')} so far.`}
          </span>
          <Button
            size="compact-sm"
            variant="default"
            disabled={current.cancelling}
            onClick={() => void job.cancel()}
          >
            Cancel export
          </Button>
        </div>
      );
    case 'written':
      return (
        <div className={classes.notice}>
          <CheckIcon size={14} />
          <span className={classes.noticeWords}>
            Exported {formatQuantity(current.rows, 'row')} to{' '}
            <span className={classes.path}>{current.path}</span>
          </span>
          <ShowInFolder exportId={current.exportId} />
          <Button size="compact-sm" variant="subtle" color="gray" onClick={job.dismiss}>
            Dismiss
          </Button>
        </div>
      );
    case 'cancelled':
      return (
        <div className={classes.notice}>
          <span>The export was cancelled. The unfinished file was removed.</span>
          <Button size="compact-sm" variant="subtle" color="gray" onClick={job.dismiss}>
            Dismiss
          </Button>
        </div>
      );
    case 'failed':
      return (
        <div className={classes.noticeError}>
          <ErrorState
            error={current.error}
            actions={
              <Button size="xs" variant="default" onClick={job.dismiss}>
                Dismiss
              </Button>
            }
          />
        </div>
      );
  }
}

function ShowInFolder({ exportId }: { exportId: string }) {
  const [failed, setFailed] = useState<string | null>(null);
  const show = useCommand('settings.showExport', { onError: (error) => setFailed(error.message) });
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<FolderIcon size={14} />}
        onClick={() => {
          setFailed(null);
          show.mutate({ exportId });
        }}
      >
        Show in folder
      </Button>
      {failed !== null && <span role="alert">{failed}</span>}
    </>
  );
}
