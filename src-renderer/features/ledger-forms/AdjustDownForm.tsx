import { parseCredits } from '#shared/credits.ts';
import { ActForm, type ActFormHost, type ActReading } from './ActForm.tsx';
import { AmountField } from './AmountField.tsx';
import { NO_REASON, type ReasonValues } from './reason-values.ts';

type AdjustDownValues = ReasonValues & { amount: string };

/** Reads the fields of an adjustment down; the amount is typed without a sign. */
export function readAdjustDown(
  values: AdjustDownValues,
  options: { customerId: string },
): ActReading<AdjustDownValues> {
  const amount = parseCredits(values.amount);
  if (!amount.ok) return { ok: false, fields: { amount: amount.why } };
  return {
    ok: true,
    credits: amount.value,
    act: { act: 'adjustDown', customerId: options.customerId, amount: amount.value },
  };
}

/** Takes credits away by hand. */
export function AdjustDownForm({ customerId, host }: { customerId: string; host: ActFormHost }) {
  return (
    <ActForm<AdjustDownValues>
      name="adjustDown"
      customerId={customerId}
      initialValues={{ amount: '', ...NO_REASON }}
      read={(values) => readAdjustDown(values, { customerId })}
      idleText="Enter an amount to see the balance before and after."
      host={host}
    >
      {(form, { disabled }) => (
        <AmountField
          label="Credits to take away"
          value={form.values.amount}
          onChange={(amount) => {
            form.setFieldValue('amount', amount);
            form.clearFieldError('amount');
          }}
          onBlur={() => {
            const parsed = parseCredits(form.values.amount);
            if (!parsed.ok && form.values.amount !== '') form.setFieldError('amount', parsed.why);
          }}
          error={form.errors.amount}
          disabled={disabled}
          hint="Whole credits without a sign, such as 500 or 1,000."
          autoFocus
        />
      )}
    </ActForm>
  );
}
