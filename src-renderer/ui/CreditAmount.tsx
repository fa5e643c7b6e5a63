import { VisuallyHidden } from '@mantine/core';
import { formatCredits, formatSignedCredits, spokenCredits } from '#renderer/format/credits.ts';
import classes from './CreditAmount.module.css';

/**
 * An amount of credits in tabular figures. `signed` is for movements (+1,234, −5); without it only what lies below
 * zero has a sign. Colour never speaks alone: below zero the minus does.
 */
export function CreditAmount(props: {
  value: number;
  signed?: boolean;
  /** Marks what lies below zero in the colour for it; for balances, not for ordinary debits. */
  warnBelowZero?: boolean;
  muted?: boolean;
}) {
  const signed = props.signed ?? false;
  return (
    <span
      className={classes.amount}
      data-below-zero={(props.warnBelowZero && props.value < 0) || undefined}
      data-muted={props.muted || undefined}
    >
      <span aria-hidden="true">
        {signed ? formatSignedCredits(props.value) : formatCredits(props.value)}
      </span>
      <VisuallyHidden>{spokenCredits(props.value, { signed })}</VisuallyHidden>
    </span>
  );
}
