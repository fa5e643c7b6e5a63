import { VisuallyHidden } from '@mantine/core';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { useDelayed } from '#renderer/ui/use-delayed.ts';
import type { AppError } from '#shared/errors.ts';
import classes from './ShellStart.module.css';

/** The outline of the window until main has answered who acts and on what. */
export function ShellLoading() {
  const shown = useDelayed();
  return (
    <div className={classes.start} aria-busy="true">
      {shown && <div className={classes.sidebar} aria-hidden="true" />}
      {shown && <div className={classes.bar} aria-hidden="true" />}
      <main>
        <VisuallyHidden>
          <h1>Credit Console</h1>
          <p>Starting</p>
        </VisuallyHidden>
      </main>
    </div>
  );
}

/** Main did not answer at all: nothing of the console can be shown. */
export function ShellFailed(props: { error: AppError; onRetry: () => void }) {
  return (
    <main className={classes.failed}>
      <h1 className={classes.title}>The console could not start</h1>
      <ErrorState error={props.error} onRetry={props.onRetry} />
    </main>
  );
}
