import { TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatMoney } from '#renderer/format/money.ts';
import { parseMoney } from '#shared/money.ts';
import classes from './MoneyField.module.css';

/** An amount of money typed as text, with what it was read as beneath it. What could be misread is refused. */
export function MoneyField({
  label,
  currency,
  value,
  onChange,
  onBlur,
  error,
  disabled,
  hint,
}: {
  label: string;
  /** Three letters; decides how many decimals there may be. */
  currency: string;
  value: string;
  onChange: (value: string) => void;
  onBlur?: (() => void) | undefined;
  error?: ReactNode;
  disabled: boolean;
  /** Said while nothing is typed that could be read. */
  hint: string;
}) {
  const parsed = parseMoney(value, currency);
  return (
    <TextInput
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={onBlur}
      error={error}
      disabled={disabled}
      description={
        parsed.ok ? `= ${formatMoney({ amountMinor: parsed.amountMinor, currency })}` : hint
      }
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      rightSection={
        <span className={classes.currency} aria-hidden="true">
          {currency.toUpperCase()}
        </span>
      }
      rightSectionWidth={48}
      rightSectionPointerEvents="none"
      inputMode="decimal"
      autoComplete="off"
      spellCheck={false}
      required
      withAsterisk={false}
    />
  );
}
