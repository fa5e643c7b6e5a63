import { Button, Group, TextInput } from '@mantine/core';
import { useSession } from '#renderer/api/session.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatInstant } from '#renderer/format/time.ts';
import type { Grant } from '#shared/ipc/vocabulary.ts';
import { addDays } from '#shared/time.ts';
import { ActForm, type ActFormHost, type ActReading } from './ActForm.tsx';
import { lastSpendableDay, readExpiryDay } from './expiry.ts';
import styles from './ledger-forms.module.css';
import { NO_REASON, type ReasonValues } from './reason-values.ts';

type ExtendGrantValues = ReasonValues & { expiryDay: string };
export type ExpiringGrant = Grant & { expiresAt: string };

const STEPS = [
  { label: '+30 days', days: 30 },
  { label: '+90 days', days: 90 },
  { label: '+1 year', days: 365 },
] as const;

/** Reads the fields of an extension; the new expiry lies after the present one. */
export function readExtendGrant(
  values: ExtendGrantValues,
  options: { customerId: string; grant: ExpiringGrant; timeZone: string },
): ActReading<ExtendGrantValues> {
  const { customerId, grant, timeZone } = options;
  const expiry = readExpiryDay(values.expiryDay, {
    timeZone,
    after: new Date(grant.expiresAt),
    mustBe: 'Choose a day after the present expiry.',
  });
  if (!expiry.ok || expiry.expiresAt === null) {
    return { ok: false, fields: { expiryDay: expiry.ok ? 'Choose a day.' : expiry.why } };
  }
  return {
    ok: true,
    credits: grant.remaining,
    act: { act: 'extendGrant', customerId, grantId: grant.id, expiresAt: expiry.expiresAt },
  };
}

/** Moves a grant's expiry to a later day. */
export function ExtendGrantForm({
  customerId,
  grant,
  host,
}: {
  customerId: string;
  /** As it was when the form opened. */
  grant: ExpiringGrant;
  host: ActFormHost;
}) {
  const { timeZone } = useSession();
  const presentDay = lastSpendableDay(grant.expiresAt, timeZone);
  return (
    <ActForm<ExtendGrantValues>
      name="extendGrant"
      customerId={customerId}
      initialValues={{ expiryDay: addDays(presentDay, 30), ...NO_REASON }}
      read={(values) => readExtendGrant(values, { customerId, grant, timeZone })}
      idleText="Choose a day to see what changes."
      host={host}
    >
      {(form, { disabled }) => {
        const read = readExtendGrant(form.values, { customerId, grant, timeZone });
        return (
          <>
            <dl className={styles.subject}>
              <dt>Grant</dt>
              <dd>
                {transactionTypeLabel(grant.source)}
                {grant.description !== '' && `, ${grant.description}`}
              </dd>
              <dt>Left</dt>
              <dd>{formatCreditsInWords(grant.remaining)}</dd>
              <dt>Expires</dt>
              <dd>{formatInstant(grant.expiresAt, timeZone)}</dd>
            </dl>
            <div>
              <TextInput
                type="date"
                label="New last day to spend"
                value={form.values.expiryDay}
                onChange={(event) => {
                  form.setFieldValue('expiryDay', event.currentTarget.value);
                  form.clearFieldError('expiryDay');
                }}
                onBlur={() => {
                  if (!read.ok) form.setFieldError('expiryDay', read.fields.expiryDay);
                }}
                min={addDays(presentDay, 1)}
                description={
                  read.ok && read.act.act === 'extendGrant'
                    ? `Expires ${formatInstant(read.act.expiresAt, timeZone)}`
                    : undefined
                }
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                error={form.errors.expiryDay}
                disabled={disabled}
                data-autofocus
              />
              <Group gap="xs" mt="xs">
                {STEPS.map(({ label, days }) => (
                  <Button
                    key={label}
                    size="compact-xs"
                    variant="default"
                    disabled={disabled}
                    onClick={() => {
                      form.setFieldValue('expiryDay', addDays(presentDay, days));
                      form.clearFieldError('expiryDay');
                    }}
                  >
                    {label}
                  </Button>
                ))}
              </Group>
            </div>
          </>
        );
      }}
    </ActForm>
  );
}
