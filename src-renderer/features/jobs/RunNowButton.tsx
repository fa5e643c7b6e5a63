import { Button, Tooltip, VisuallyHidden } from '@mantine/core';
import { useId } from 'react';

/** Runs a job at once; where that cannot be done here, it stays reachable and says why. */
export function RunNowButton({
  jobName,
  isRunning,
  whyNot,
  onRun,
}: {
  /** In words. */
  jobName: string;
  isRunning: boolean;
  /** null: it can be run. */
  whyNot: string | null;
  onRun: () => void;
}) {
  const reasonId = useId();
  const button = {
    size: 'compact-xs',
    variant: 'default',
    'aria-label': `Run now: ${jobName}`,
  } as const;
  if (whyNot === null) {
    return (
      <Button {...button} loading={isRunning} onClick={onRun}>
        Run now
      </Button>
    );
  }
  return (
    <>
      <Tooltip label={whyNot} events={{ hover: true, focus: true, touch: false }}>
        <Button
          {...button}
          data-disabled
          aria-disabled
          aria-describedby={reasonId}
          onClick={(event) => event.preventDefault()}
        >
          Run now
        </Button>
      </Tooltip>
      <VisuallyHidden id={reasonId}>{whyNot}</VisuallyHidden>
    </>
  );
}
