import { Anchor, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link } from 'wouter';
import { consoleQuery } from '#renderer/api/queries.ts';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import { paths } from '#renderer/navigation/paths.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { Page } from '#renderer/ui/Page.tsx';
import { PageHeader } from '#renderer/ui/PageHeader.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import { JOB_NAMES, type Job } from '#shared/ipc/jobs.ts';
import { JOB_COLUMNS, JobRow } from './JobRow.tsx';
import { JOB_GROUPS, jobWords } from './job-words.ts';
import classes from './jobs.module.css';
import { useNow } from './use-now.ts';

/** Runs elsewhere are not told to this window: it asks, while it can be seen. */
const READ_EVERY_MS = 5_000;
/** After a failure, which stays in sight until then. */
const READ_AGAIN_MS = 30_000;

/** The work that runs by itself: what each job last did, when it comes again, what waits and what went wrong. */
export function JobsPage() {
  const jobs = useQuery({
    ...consoleQuery('jobs.list', {}),
    refetchInterval: (query) => (query.state.status === 'error' ? READ_AGAIN_MS : READ_EVERY_MS),
  });
  const status = useQuery(consoleQuery('stripe.status', {}));
  const stripeUsable = isStripeUsable(status.data);
  const mayRunNone = jobs.data?.rows.every((job) => !job.canRun) ?? false;
  return (
    <Page>
      <PageHeader
        title="Jobs"
        description="Work that runs by itself: in every console that is open, and every service, with the right to it. A job of the ledger runs in one place at a time; notifications and those of Stripe share their work. A run that finds nothing to do is noted once a minute at most."
      />
      {mayRunNone && (
        <p className={classes.note}>
          You can read this page. Running a job takes a role that may run jobs.
        </p>
      )}
      {!mayRunNone && status.data !== undefined && !stripeUsable && (
        <p className={classes.note}>
          {status.data.problem?.message ??
            'No Stripe account is connected: the jobs of Stripe cannot be run from here.'}{' '}
          <Anchor component={Link} inherit href={paths.stripeSettings}>
            Settings, Stripe
          </Anchor>
        </p>
      )}
      {jobs.isPending && <LoadingRows count={10} label="Loading the jobs" />}
      {jobs.isError && <ErrorState error={jobs.error} onRetry={() => void jobs.refetch()} />}
      {jobs.data !== undefined && <JobsTable jobs={jobs.data.rows} stripeUsable={stripeUsable} />}
    </Page>
  );
}

function JobsTable({ jobs, stripeUsable }: { jobs: readonly Job[]; stripeUsable: boolean }) {
  const now = useNow();
  const inOrder = [...jobs].sort(
    (one, other) => JOB_NAMES.indexOf(one.name) - JOB_NAMES.indexOf(other.name),
  );
  return (
    <Table
      label="Jobs"
      className={classes.table}
      head={
        <>
          <th scope="col">Job</th>
          <th scope="col">Last run</th>
          <th scope="col">Next run</th>
          <th scope="col" data-number>
            Waiting
          </th>
          <th scope="col" data-actions>
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {JOB_GROUPS.map((group) => (
        <Fragment key={group.id}>
          <tr className={classes.group}>
            <th scope="colgroup" colSpan={JOB_COLUMNS}>
              {group.label}
            </th>
          </tr>
          {inOrder
            .filter((job) => jobWords(job.name).group === group.id)
            .map((job) => (
              <JobRow key={job.name} job={job} now={now} stripeUsable={stripeUsable} />
            ))}
        </Fragment>
      ))}
    </Table>
  );
}
