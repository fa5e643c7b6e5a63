import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import { formatDate, formatTimeZone } from '#renderer/format/time.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import type { AppError } from '#shared/errors.ts';
import { dayOf } from '#shared/time.ts';
import classes from './reconciliation.module.css';
import { readSpan, SPANS, type Span } from './span.ts';

const LABELS: Record<Span, string> = {
  connected: 'Since the account was connected',
  '30d': 'The last 30 days',
  '90d': 'The last 90 days',
  day: 'From a day on…',
};

/** Asks from when on to compare, and starts. */
export function StartRun({
  boundAt,
  isStarting,
  error,
  onStart,
  onClose,
}: {
  /** When the workspace was bound to the account, where known. */
  boundAt: string | null;
  isStarting: boolean;
  error: AppError | null;
  onStart: (since: string | null) => void;
  onClose: () => void;
}) {
  const { timeZone } = useSession();
  const [span, setSpan] = useState<Span>('connected');
  const [day, setDay] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  function submit() {
    const read = readSpan(span, day, timeZone);
    if (read.ok) onStart(read.since);
    else setProblem(read.why);
  }
  return (
    <FormDialog
      title="Compare Stripe and the ledger"
      onClose={onClose}
      onSubmit={submit}
      submitLabel="Start"
      isPending={isStarting}
    >
      <Radio.Group
        label="From when on"
        value={span}
        onChange={(value) => {
          setSpan(SPANS.find((each) => each === value) ?? 'connected');
          setProblem(null);
        }}
      >
        <Stack gap="sm" mt={6}>
          {SPANS.map((each) => (
            <Radio
              key={each}
              value={each}
              label={LABELS[each]}
              {...(each === 'connected' && {
                'data-autofocus': true,
                description: boundAt === null ? undefined : formatDate(boundAt, timeZone),
              })}
            />
          ))}
        </Stack>
      </Radio.Group>
      {span === 'day' && (
        <TextInput
          mt="md"
          type="date"
          label="First day"
          description={`The day begins in ${formatTimeZone(timeZone)}.`}
          max={dayOf(new Date(), timeZone)}
          value={day}
          error={problem ?? error?.fields?.since}
          onChange={(event) => {
            setDay(event.currentTarget.value);
            setProblem(null);
          }}
        />
      )}
      <p className={classes.hint}>
        Nothing is changed by comparing. It goes on when you leave this page, and where it stopped
        when the console was closed.
      </p>
      {error !== null && <ErrorState error={error} />}
    </FormDialog>
  );
}
