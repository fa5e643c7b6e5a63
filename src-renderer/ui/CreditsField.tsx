import { TextInput, type TextInputProps } from '@mantine/core';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { parseCreditsOrZero } from './credits-or-zero.ts';

/** Credits typed as text, zero among them, with the number they were read as beneath; `hint` stands there before. */
export function CreditsField({
  value,
  hint,
  ...input
}: TextInputProps & { value: string; hint: string }) {
  const parsed = parseCreditsOrZero(value);
  return (
    <TextInput
      {...input}
      value={value}
      description={
        parsed.ok && parsed.value > 0 ? `= ${formatCreditsInWords(parsed.value)}. ${hint}` : hint
      }
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      inputMode="numeric"
      autoComplete="off"
      spellCheck={false}
    />
  );
}
