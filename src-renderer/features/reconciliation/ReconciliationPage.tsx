import { Anchor, Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { useAbility, useSession } from '#renderer/api/session.tsx';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import { formatQuantity } from '#renderer/format/credits.ts';
import { formatInstantShort } from '#renderer/format/time.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import {
  FINDING_BUCKETS,
  type FindingBucket,
  type ReconciliationRun,
} from '#shared/ipc/reconciliation.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import { RunFindings } from './RunFindings.tsx';
import { RunPanel } from './RunPanel.tsx';
import classes from './reconciliation.module.css';
import { runStateWords } from './run-words.ts';
import { StartRun } from './StartRun.tsx';
import { useRunCommands, useRuns } from './use-runs.ts';

/** Stripe against the ledger, both ways: runs with their progress, what they found, and its repair. */
export function ReconciliationPage() {
  const { timeZone } = useSession();
  const mayManage = useAbility('manageStripe');
  const status = useQuery(consoleQuery('stripe.status', {}));
  const runs = useRuns();
  const { runId, bucket, show } = usePlace();
  const [isStarting, setStarting] = useState(false);
  const commands = useRunCommands({
    onStarted: () => {
      setStarting(false);
      show({ runId: null, bucket: null });
    },
  });
  const list = runs.data?.runs ?? [];
  const run = list.find(({ id }) => id === runId) ?? list[0];
  const isRunning = list.some(({ state }) => state === 'running');
  const isUsable = isStripeUsable(status.data);
  const open = () => {
    commands.start.reset();
    setStarting(true);
  };
  return (
    <Page>
      <PageHeader
        title="Reconciliation"
        description="Every paid checkout, paid invoice, refund and lost dispute of Stripe against the ledger, and back, and metered usage against Stripe’s summaries. Comparing changes nothing; a repair is one entry that you review."
        actions={
          <>
            {list.length > 1 && run !== undefined && (
              <Select
                aria-label="Run"
                className={classes.runs}
                data={list.map((each) => ({
                  value: each.id,
                  label: `${formatInstantShort(each.startedAt, timeZone)}, ${outcomeWords(each)}`,
                }))}
                value={run.id}
                allowDeselect={false}
                onChange={(id) => show({ runId: id === list[0]?.id ? null : id, bucket: null })}
              />
            )}
            {mayManage && isUsable && run !== undefined && (
              <Button
                onClick={open}
                disabled={isRunning}
                title={isRunning ? 'One reconciliation runs at a time.' : undefined}
              >
                New run…
              </Button>
            )}
          </>
        }
      />
      {status.data !== undefined && !isStripeUsable(status.data) && (
        <StripeNeeded status={status.data} />
      )}
      {status.isError && <ErrorState error={status.error} onRetry={() => void status.refetch()} />}
      {runs.isPending && <LoadingRows count={8} label="Loading reconciliations" />}
      {runs.isError && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isSuccess && run === undefined && (
        <EmptyState
          action={mayManage && isUsable && <Button onClick={open}>Start the first run…</Button>}
        >
          Stripe and the ledger have not been compared yet.
        </EmptyState>
      )}
      {run !== undefined && (
        <>
          <RunPanel
            key={run.id}
            run={run}
            mayWork={mayManage && isUsable && run.accountId === status.data?.accountId}
            isWorking={commands.pause.isPending || commands.resume.isPending}
            error={errorOf(run, commands)}
            onPause={() => commands.pause.mutate({ runId: run.id })}
            onResume={() => commands.resume.mutate({ runId: run.id })}
          />
          <RunFindings
            key={`findings of ${run.id}`}
            run={run}
            bucket={bucket}
            mayRepair={isUsable}
            onBucket={(chosen) => show({ runId, bucket: chosen })}
          />
        </>
      )}
      {isStarting && (
        <StartRun
          boundAt={status.data?.boundAt ?? null}
          isStarting={commands.start.isPending}
          error={commands.start.error}
          onStart={(since) => commands.start.mutate({ since })}
          onClose={() => setStarting(false)}
        />
      )}
    </Page>
  );
}

/** The failure of the last thing that was done with this run. */
function errorOf(run: ReconciliationRun, { pause, resume }: ReturnType<typeof useRunCommands>) {
  const latest = pause.submittedAt > resume.submittedAt ? pause : resume;
  return latest.variables?.runId === run.id ? latest.error : null;
}

function outcomeWords(run: ReconciliationRun): string {
  if (run.state !== 'done') return runStateWords(run.state).label.toLowerCase();
  if (run.findings === 0) return 'no differences';
  return run.openFindings === 0
    ? 'all repaired'
    : formatQuantity(run.openFindings, 'open difference');
}

function StripeNeeded({ status }: { status: StripeStatus }) {
  return (
    <p className={classes.needed}>
      {status.problem?.message ??
        'No Stripe account is connected: there is nothing to compare with.'}{' '}
      <Anchor component={Link} inherit href={paths.stripeSettings}>
        Settings, Stripe
      </Anchor>
    </p>
  );
}

/** Which run and which kind of difference is shown: in the address, so that coming back finds it again. */
function usePlace() {
  const search = new URLSearchParams(useSearch());
  const [, navigate] = useLocation();
  const asked = search.get('bucket');
  return {
    /** null: the latest. */
    runId: search.get('run'),
    bucket: FINDING_BUCKETS.find((each) => each === asked) ?? null,
    show: (place: { runId: string | null; bucket: FindingBucket | null }) => {
      const query = new URLSearchParams({
        ...(place.runId !== null && { run: place.runId }),
        ...(place.bucket !== null && { bucket: place.bucket }),
      }).toString();
      navigate(query === '' ? paths.reconciliation : `${paths.reconciliation}?${query}`, {
        replace: true,
      });
    },
  };
}
