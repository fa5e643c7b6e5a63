import { Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '#renderer/api/session.tsx';
import { formatInstant } from '#renderer/format/time.ts';
import { parseCredits } from '#shared/credits.ts';
import { MANUAL_GRANT_TYPES } from '#shared/ipc/vocabulary.ts';
import { ActForm, type ActFormHost, type ActReading } from './ActForm.tsx';
import { AmountField } from './AmountField.tsx';
import {
  EXPIRY_CHOICE_LABELS,
  EXPIRY_CHOICES,
  type ExpiryChoice,
  readExpiryChoice,
} from './expiry.ts';
import styles from './ledger-forms.module.css';
import { NO_REASON, type ReasonValues } from './reason-values.ts';

type GrantType = (typeof MANUAL_GRANT_TYPES)[number];

export type GrantValues = ReasonValues & {
  amount: string;
  type: GrantType;
  expiry: ExpiryChoice;
  expiryDay: string;
  priority: string;
};

const TYPES: Record<GrantType, { label: string; meaning: string }> = {
  bonus: { label: 'Bonus', meaning: 'A gift of credits.' },
  refund: { label: 'Refund', meaning: 'Credits given back for what went wrong. No money moves.' },
  adjustment: { label: 'Adjustment', meaning: 'A correction of the balance upwards.' },
};
const USUAL_PRIORITY = '100';

/** Reads the fields of a grant. `now` is the instant the form opened. */
export function readGrant(
  values: GrantValues,
  options: { customerId: string; timeZone: string; now: Date },
): ActReading<GrantValues> {
  const amount = parseCredits(values.amount);
  const expiry = readExpiryChoice(values.expiry, values.expiryDay, options);
  const priority = readPriority(values.priority);
  if (amount.ok && expiry.ok && priority.ok) {
    return {
      ok: true,
      credits: amount.value,
      act: {
        act: 'grant',
        customerId: options.customerId,
        type: values.type,
        amount: amount.value,
        expiresAt: expiry.expiresAt,
        priority: priority.value,
      },
    };
  }
  return {
    ok: false,
    fields: {
      ...(!amount.ok && { amount: amount.why }),
      ...(!expiry.ok && { expiryDay: expiry.why }),
      ...(!priority.ok && { priority: priority.why }),
    },
  };
}

function readPriority(text: string): { ok: true; value: number } | { ok: false; why: string } {
  const digits = text.trim();
  if (!/^[0-9]{1,4}$/.test(digits) || Number(digits) > 1000) {
    return { ok: false, why: 'Use a whole number from 0 to 1000.' };
  }
  return { ok: true, value: Number(digits) };
}

/** Grants credits by hand: a bonus, a refund in credits, or an adjustment upwards. */
export function GrantForm({ customerId, host }: { customerId: string; host: ActFormHost }) {
  const { timeZone } = useSession();
  const [now] = useState(() => new Date());
  return (
    <ActForm<GrantValues>
      name="grant"
      customerId={customerId}
      initialValues={{
        amount: '',
        type: 'bonus',
        expiry: 'never',
        expiryDay: '',
        priority: USUAL_PRIORITY,
        ...NO_REASON,
      }}
      read={(values) => readGrant(values, { customerId, timeZone, now })}
      idleText="Enter an amount to see the balance before and after."
      host={host}
    >
      {(form, { disabled }) => {
        const { values, errors } = form;
        const expiry = readExpiryChoice(values.expiry, values.expiryDay, { timeZone, now });
        return (
          <>
            <AmountField
              label="Credits"
              value={values.amount}
              onChange={(amount) => {
                form.setFieldValue('amount', amount);
                form.clearFieldError('amount');
              }}
              onBlur={() => {
                const parsed = parseCredits(values.amount);
                if (!parsed.ok && values.amount !== '') form.setFieldError('amount', parsed.why);
              }}
              error={errors.amount}
              disabled={disabled}
              hint="Whole credits, such as 500 or 1,000."
              autoFocus
            />
            <div>
              <SegmentedControl
                aria-label="Kind of grant"
                fullWidth
                value={values.type}
                onChange={(type) => form.setFieldValue('type', type as GrantType)}
                data={MANUAL_GRANT_TYPES.map((type) => ({
                  value: type,
                  label: TYPES[type].label,
                }))}
                disabled={disabled}
              />
              <p className={styles.hint}>{TYPES[values.type].meaning}</p>
            </div>
            <Group grow align="flex-start" gap="md" preventGrowOverflow={false}>
              <Select
                label="Expires"
                data={EXPIRY_CHOICES.map((choice) => ({
                  value: choice,
                  label: EXPIRY_CHOICE_LABELS[choice],
                }))}
                value={values.expiry}
                onChange={(choice) => {
                  form.setFieldValue('expiry', (choice ?? 'never') as ExpiryChoice);
                  form.clearFieldError('expiryDay');
                }}
                description={
                  expiry.ok && expiry.expiresAt !== null
                    ? formatInstant(expiry.expiresAt, timeZone)
                    : undefined
                }
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                allowDeselect={false}
                disabled={disabled}
              />
              {values.expiry === 'day' && (
                <TextInput
                  type="date"
                  label="Last day to spend"
                  value={values.expiryDay}
                  onChange={(event) => {
                    form.setFieldValue('expiryDay', event.currentTarget.value);
                    form.clearFieldError('expiryDay');
                  }}
                  error={errors.expiryDay}
                  disabled={disabled}
                />
              )}
              <TextInput
                label="Priority"
                description="Lower burns first."
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                value={values.priority}
                onChange={(event) => {
                  form.setFieldValue('priority', event.currentTarget.value);
                  form.clearFieldError('priority');
                }}
                error={errors.priority}
                disabled={disabled}
                inputMode="numeric"
                autoComplete="off"
              />
            </Group>
          </>
        );
      }}
    </ActForm>
  );
}
