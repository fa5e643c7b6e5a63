import { VisuallyHidden } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import { formatEvery, formatInstantExact, formatRelativeToSecond } from '#renderer/format/time.ts';
import { announce } from '#renderer/ui/announce.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import { JOB_BACKLOG_MAX, type Job } from '#shared/ipc/jobs.ts';
import { backlogSize, isOverdue, jobWords, whyNotRun, workerWords } from './job-words.ts';
import classes from './jobs.module.css';
import { RunNowButton } from './RunNowButton.tsx';

/** The columns of the table of jobs. */
export const JOB_COLUMNS = 5;

/** One job: what it last did and where, when it comes again, what waits for it, and a button that runs it. */
export function JobRow({ job, now, stripeUsable }: { job: Job; now: Date; stripeUsable: boolean }) {
  const queryClient = useQueryClient();
  const { name, sentence } = jobWords(job.name);
  const run = useCommand('jobs.runNow', {
    onSuccess: (ran) => {
      queryClient.setQueryData<{ rows: Job[] }>(['jobs.list', {}], (list) =>
        list === undefined
          ? list
          : { rows: list.rows.map((row) => (row.name === ran.name ? ran : row)) },
      );
      announce(ran.lastDone === null ? 'Done.' : `Done: ${formatCredits(ran.lastDone)}.`);
    },
    onSettled: () => void queryClient.invalidateQueries({ queryKey: ['jobs.list'] }),
  });
  return (
    <>
      <tr className={classes.row}>
        <th scope="row" data-wrap>
          <div className={classes.name}>{name}</div>
          <div className={classes.detail}>{sentence}</div>
          {job.error !== null && <JobError error={job.error} now={now} />}
        </th>
        <td>
          <LastRun job={job} now={now} />
        </td>
        <td>
          <NextRun job={job} now={now} stripeUsable={stripeUsable} />
          <div className={classes.detail}>{formatEvery(job.everySeconds)}</div>
        </td>
        <td data-number>
          <Backlog backlog={job.backlog} />
        </td>
        <td data-actions>
          <RunNowButton
            jobName={name}
            isRunning={run.isPending}
            whyNot={job.canRun ? null : whyNotRun(job.name, { stripeUsable })}
            onRun={() => run.mutate({ name: job.name })}
          />
        </td>
      </tr>
      {run.error !== null && (
        <tr>
          <td colSpan={JOB_COLUMNS} data-wrap className={classes.failure}>
            <ErrorState error={run.error} />
          </td>
        </tr>
      )}
    </>
  );
}

function JobError({ error, now }: { error: NonNullable<Job['error']>; now: Date }) {
  return (
    <div className={classes.error}>
      <StateBadge tone="bad">
        {error.failures === 1 ? 'Failed' : `Failed ${formatCredits(error.failures)} times in a row`}
      </StateBadge>{' '}
      <span className={classes.detail}>
        last <LiveTime iso={error.at} now={now} />:
      </span>{' '}
      {error.message}
    </div>
  );
}

function LastRun({ job, now }: { job: Job; now: Date }) {
  const at = job.lastFinishedAt ?? job.lastStartedAt;
  if (at === null) return <span className={classes.detail}>Never</span>;
  const outcome =
    job.lastDone !== null
      ? `, ${formatCredits(job.lastDone)} done`
      : job.error !== null
        ? ', failed'
        : '';
  return (
    <>
      <div>
        <LiveTime iso={at} now={now} />
        {outcome}
      </div>
      {job.lastWorker !== null && <Worker name={job.lastWorker} />}
    </>
  );
}

function NextRun({ job, now, stripeUsable }: { job: Job; now: Date; stripeUsable: boolean }) {
  if (job.runningBy !== null) {
    return (
      <>
        <StateBadge tone="good">Running</StateBadge>
        <Worker name={job.runningBy} />
      </>
    );
  }
  if (job.nextRunAt === null || isOverdue(job, now)) {
    // Without an account a job of Stripe’s has nothing to do anywhere but where one is connected.
    const needsStripe = jobWords(job.name).group === 'stripe' && !stripeUsable;
    return (
      <div className={needsStripe ? classes.idle : classes.overdue}>
        {needsStripe
          ? 'Nobody runs this: connect a Stripe account, or start the service with its key'
          : 'Nobody runs this: open a console with the right or start the service'}
      </div>
    );
  }
  // Due, and the workers look every few seconds: not late yet.
  if (new Date(job.nextRunAt) <= now) return 'due now';
  return <LiveTime iso={job.nextRunAt} now={now} />;
}

function Worker({ name }: { name: string }) {
  const { host, full } = workerWords(name);
  return (
    <div className={classes.worker} title={`On ${full}`}>
      <VisuallyHidden>on </VisuallyHidden>
      {host}
    </div>
  );
}

function Backlog({ backlog }: { backlog: number | null }) {
  if (backlog === null) {
    return (
      <span className={classes.detail} title="Nothing can be counted here">
        –
      </span>
    );
  }
  return (
    <span className={classes.backlog} data-size={backlogSize(backlog)}>
      {backlog > JOB_BACKLOG_MAX ? `${formatCredits(JOB_BACKLOG_MAX)}+` : formatCredits(backlog)}
    </span>
  );
}

function LiveTime({ iso, now }: { iso: string; now: Date }) {
  const { timeZone } = useSession();
  return (
    <time dateTime={iso} title={formatInstantExact(iso, timeZone)}>
      {formatRelativeToSecond(iso, now)}
    </time>
  );
}
