import { VisuallyHidden } from '@mantine/core';
import { formatMoney, formatSignedMoney, spokenMoney } from '#renderer/format/money.ts';
import type { Money } from '#shared/money.ts';
import classes from './CreditAmount.module.css';

/** An amount of money in tabular figures, with the currency's own decimals. `signed` is for movements (+$5.00, −$5.00). */
export function MoneyAmount(props: { value: Money; signed?: boolean; muted?: boolean }) {
  const signed = props.signed ?? false;
  return (
    <span className={classes.amount} data-muted={props.muted || undefined}>
      <span aria-hidden="true">
        {signed ? formatSignedMoney(props.value) : formatMoney(props.value)}
      </span>
      <VisuallyHidden>{spokenMoney(props.value, { signed })}</VisuallyHidden>
    </span>
  );
}
