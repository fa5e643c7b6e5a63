import { Button } from '@mantine/core';
import { useSession } from '#renderer/api/session.tsx';
import { formatQuantity } from '#renderer/format/credits.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { CheckIcon } from '#renderer/ui/icons.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { AppError } from '#shared/errors.ts';
import type { ReconciliationRun } from '#shared/ipc/reconciliation.ts';
import classes from './reconciliation.module.css';
import {
  COMPARED,
  type Compared,
  comparedCount,
  comparedName,
  runSentence,
  runStateWords,
  stepOf,
} from './run-words.ts';

/** One run: how it stands in a sentence, how far it is in what it compares, and what can be done with it. */
export function RunPanel({
  run,
  mayWork,
  isWorking,
  error,
  onPause,
  onResume,
}: {
  run: ReconciliationRun;
  /** The role may, and the account is this run's. */
  mayWork: boolean;
  isWorking: boolean;
  error: AppError | null;
  onPause: () => void;
  onResume: () => void;
}) {
  const { timeZone } = useSession();
  const { label, tone } = runStateWords(run.state);
  return (
    <section className={classes.run} aria-label="Run">
      <div className={classes.runHead}>
        <StateBadge tone={tone}>{label}</StateBadge>
        <p
          className={classes.sentence}
          data-agree={(run.state === 'done' && run.openFindings === 0) || undefined}
          role="status"
        >
          {runSentence(run)}
        </p>
        {mayWork && run.state === 'running' && (
          <Button size="compact-sm" variant="default" loading={isWorking} onClick={onPause}>
            Pause
          </Button>
        )}
        {mayWork && (run.state === 'paused' || run.state === 'failed') && (
          <Button size="compact-sm" loading={isWorking} onClick={onResume}>
            Resume
          </Button>
        )}
      </div>
      {run.error !== null && <p className={classes.trouble}>{run.error}</p>}
      {error !== null && <ErrorState error={error} />}
      <ol className={classes.steps} aria-label="Compared so far">
        {COMPARED.map((compared) => (
          <Step key={compared} run={run} compared={compared} />
        ))}
      </ol>
      <p className={classes.hint}>
        From {formatInstant(run.since, timeZone)} to {formatInstant(run.until, timeZone)}, started
        by {run.actor}.
        {run.checked.elsewhere > 0 &&
          ` ${formatQuantity(run.checked.elsewhere, 'payment')} of other Stripe accounts ${run.checked.elsewhere === 1 ? 'was' : 'were'} left out.`}
      </p>
    </section>
  );
}

const STEP_WORDS = { done: 'compared', now: 'compared so far', to_come: 'to come' } as const;

function Step({ run, compared }: { run: ReconciliationRun; compared: Compared }) {
  const step = stepOf(run, compared);
  const count = run.checked[compared];
  return (
    <li
      className={classes.step}
      data-step={step}
      aria-current={step === 'now' ? 'step' : undefined}
    >
      <span className={classes.stepName}>
        {comparedName(compared)}
        {step === 'done' && <CheckIcon size={12} />}
      </span>
      <span className={classes.stepCount} title={comparedCount(compared, count)}>
        {step === 'to_come' ? '–' : count.toLocaleString('en')}
      </span>
      <span className={classes.stepState}>{STEP_WORDS[step]}</span>
    </li>
  );
}
