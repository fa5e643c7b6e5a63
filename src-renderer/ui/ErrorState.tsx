import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { AppError } from '#shared/errors.ts';
import { CopyableId } from './CopyableId.tsx';
import { errorWords } from './error-advice.ts';
import { WarningIcon } from './icons.tsx';
import classes from './StateBlock.module.css';

/** A failure: what happened, that nothing was lost, what to do, the trace id to copy, and another try where one helps. */
export function ErrorState(props: {
  error: AppError;
  onRetry?: (() => void) | undefined;
  retryLabel?: string;
  /** Further actions beside Try again. */
  actions?: ReactNode;
}) {
  const { error } = props;
  const { what, advice } = errorWords(error);
  return (
    <div className={classes.error} role="alert">
      <span className={classes.errorIcon}>
        <WarningIcon />
      </span>
      <div className={classes.errorWords}>
        <p className={classes.errorTitle}>{what}</p>
        {advice !== undefined && <p className={classes.errorAdvice}>{advice}</p>}
        <div className={classes.errorFoot}>
          {props.onRetry !== undefined && (
            <Button size="xs" variant="default" onClick={props.onRetry}>
              {props.retryLabel ?? 'Try again'}
            </Button>
          )}
          {props.actions}
          {error.traceId !== undefined && (
            <span className={classes.trace}>
              Trace <CopyableId value={error.traceId} label="Trace id" />
            </span>
          )}
        </div>
      </div>
    </div>
  );
}
