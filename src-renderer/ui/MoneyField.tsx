import { TextInput, type TextInputProps } from '@mantine/core';
import { formatMoney } from '#renderer/format/money.ts';
import { parseMoney } from '#shared/money.ts';
import classes from './MoneyField.module.css';

/**
 * An amount of money typed as text, with what it was read as beneath it. What could be misread is refused. Takes what a
 * form's `getInputProps` gives.
 */
export function MoneyField({
  label,
  currency,
  value,
  onChange,
  hint,
  ...input
}: {
  label: string;
  /** Three letters, which decide how many decimals there may be; while it is typed, any text. */
  currency: string;
  value: string;
  onChange: (value: string) => void;
  /** Said while nothing is typed that could be read. */
  hint: string;
} & Pick<TextInputProps, 'onBlur' | 'onFocus' | 'error' | 'disabled'>) {
  const parsed = parseMoney(value, currency);
  return (
    <TextInput
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
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
      {...input}
    />
  );
}
