import { TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { parseCredits } from '#shared/credits.ts';

/** An amount typed as text, with the number it was read as beneath it. What could be misread is refused. */
export function AmountField({
  label,
  value,
  onChange,
  onBlur,
  error,
  disabled,
  hint,
  autoFocus = false,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onBlur?: (() => void) | undefined;
  error?: ReactNode;
  disabled: boolean;
  /** Said while nothing is typed. */
  hint: string;
  autoFocus?: boolean;
}) {
  const parsed = parseCredits(value);
  return (
    <TextInput
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={onBlur}
      error={error}
      disabled={disabled}
      description={parsed.ok ? `= ${formatCreditsInWords(parsed.value)}` : hint}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      inputMode="numeric"
      autoComplete="off"
      spellCheck={false}
      required
      withAsterisk={false}
      {...(autoFocus && { 'data-autofocus': true })}
    />
  );
}
