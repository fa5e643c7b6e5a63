import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { consoleQuery, useCommand } from '#renderer/api/queries.ts';
import { formatQuantity } from '#renderer/format/credits.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import type { Finding, FindingBucket, ReconciliationRun } from '#shared/ipc/reconciliation.ts';
import { BucketFilter } from './BucketFilter.tsx';
import { FindingDrawer } from './FindingDrawer.tsx';
import { FindingsTable } from './FindingsTable.tsx';
import classes from './reconciliation.module.css';
import { bucketWords, COMPARED, comparedCount } from './run-words.ts';
import { REFRESH_MS } from './use-runs.ts';

/** What a run found so far, of one kind or all; or that there is nothing to find. */
export function RunFindings({
  run,
  bucket,
  mayRepair,
  onBucket,
}: {
  run: ReconciliationRun;
  bucket: FindingBucket | null;
  mayRepair: boolean;
  onBucket: (bucket: FindingBucket | null) => void;
}) {
  const [opened, setOpened] = useState<Finding | null>(null);
  const query = useQuery({
    ...consoleQuery('reconciliation.findings', { runId: run.id, bucket }),
    refetchInterval: run.state === 'running' ? REFRESH_MS : false,
    // The rows of the kind before stay until those of the new one are there; the page makes a new list for another run.
    placeholderData: (previous) => previous,
  });
  const openInStripe = useCommand('settings.openCaseLink');
  if (query.isError) {
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (query.isPending) return <LoadingRows count={6} label="Loading differences" />;
  const { findings, counts } = query.data;
  const found = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (found === 0) return <NothingFound run={run} />;
  const matching = bucket === null ? found : counts[bucket];
  const shown = findings.find(({ id }) => id === opened?.id) ?? opened;
  return (
    <section className={classes.findings} aria-label="What was found">
      <BucketFilter counts={counts} chosen={bucket} onChoose={onBucket} />
      {openInStripe.error !== null && <ErrorState error={openInStripe.error} />}
      {!query.isPlaceholderData && findings.length < matching && (
        <p className={classes.hint}>
          The first {formatQuantity(findings.length, 'difference')} of{' '}
          {matching.toLocaleString('en')} are listed; open ones come first.
        </p>
      )}
      <div className={classes.table}>
        <FindingsTable
          findings={findings}
          rowCount={query.isPlaceholderData ? undefined : findings.length}
          openId={opened?.id ?? null}
          isBusy={query.isPlaceholderData}
          onOpen={setOpened}
          onOpenInStripe={(url) => openInStripe.mutate({ url })}
          placeholder={
            <EmptyState>
              {bucket === null
                ? 'Nothing was found.'
                : `No difference of the kind “${bucketWords(bucket).label}” was found.`}
            </EmptyState>
          }
        />
      </div>
      {shown !== null && (
        <FindingDrawer
          key={shown.id}
          finding={shown}
          mayRepair={mayRepair}
          onClose={() => setOpened(null)}
        />
      )}
    </section>
  );
}

function NothingFound({ run }: { run: ReconciliationRun }) {
  if (run.state !== 'done') return <EmptyState>No differences so far.</EmptyState>;
  const compared = COMPARED.filter((each) => run.checked[each] > 0).map((each) =>
    comparedCount(each, run.checked[each]),
  );
  return (
    <EmptyState>
      {compared.length === 0
        ? 'In this span there was nothing to compare.'
        : `${list.format(compared)} were compared, and every one of them agrees.`}
    </EmptyState>
  );
}

const list = new Intl.ListFormat('en', { type: 'conjunction' });
