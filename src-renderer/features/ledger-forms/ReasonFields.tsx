import { Select, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { reasonLabel } from '#renderer/format/labels.ts';
import { REASON_CODES, type ReasonCode } from '#shared/ipc/vocabulary.ts';
import type { ReasonValues } from './reason-values.ts';

const REASONS = REASON_CODES.map((code) => ({ value: code, label: reasonLabel(code) }));

/** Why it is done: a code to report by, words to read, and where the case is kept. */
export function ReasonFields({
  form,
  disabled,
  autoFocus = false,
}: {
  form: Pick<
    UseFormReturnType<ReasonValues>,
    'values' | 'errors' | 'setFieldValue' | 'clearFieldError'
  >;
  disabled: boolean;
  /** True where no field stands above these. */
  autoFocus?: boolean;
}) {
  const { values, errors } = form;
  function set<Field extends keyof ReasonValues>(field: Field, value: ReasonValues[Field]) {
    form.setFieldValue(field, value as never);
    form.clearFieldError(field);
  }
  return (
    <>
      <Select
        label="Reason"
        placeholder="Choose a reason"
        data={REASONS}
        value={values.reasonCode === '' ? null : values.reasonCode}
        onChange={(code) => set('reasonCode', (code ?? '') as ReasonCode | '')}
        error={errors.reasonCode}
        disabled={disabled}
        allowDeselect={false}
        required
        withAsterisk={false}
        {...(autoFocus && { 'data-autofocus': true })}
      />
      <Textarea
        label="Note"
        description="What happened, for whoever reads this row later."
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        value={values.note}
        onChange={(event) => set('note', event.currentTarget.value)}
        error={errors.note}
        disabled={disabled}
        rows={3}
        resize="vertical"
        required
        withAsterisk={false}
      />
      <TextInput
        label="Case link (optional)"
        description="An https address or a case number."
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        value={values.caseLink}
        onChange={(event) => set('caseLink', event.currentTarget.value)}
        error={errors.caseLink}
        disabled={disabled}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}
