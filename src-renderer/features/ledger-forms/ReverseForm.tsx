import { Radio, Stack } from '@mantine/core';
import { useSession } from '#renderer/api/session.tsx';
import {
  formatCredits,
  formatCreditsInWords,
  formatSignedCredits,
} from '#renderer/format/credits.ts';
import { transactionTypeLabel } from '#renderer/format/labels.ts';
import { formatInstant } from '#renderer/format/time.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { parseCredits } from '#shared/credits.ts';
import type { Contract } from '#shared/ipc/contract.ts';
import type { Output } from '#shared/ipc/procedure.ts';
import { ActForm, type ActFormHost, type ActReading } from './ActForm.tsx';
import { AmountField } from './AmountField.tsx';
import { ACT_TITLES } from './act-words.ts';
import { FormSubject } from './FormSubject.tsx';
import { NO_REASON, type ReasonValues } from './reason-values.ts';
import { useFirstValue } from './use-first-value.ts';

type TransactionDetail = Output<Contract['transactions.get']>;

type ReverseValues = ReasonValues & { extent: 'whole' | 'part'; amount: string };

/**
 * Reads the fields of a reversal. The amount is always said, also for all of it: what is posted is what the person saw,
 * or nothing.
 */
export function readReverse(
  values: ReverseValues,
  options: { customerId: string; transactionId: string; reversible: number },
): ActReading<ReverseValues> {
  const { customerId, transactionId, reversible } = options;
  const target = { act: 'reverse' as const, customerId, transactionId };
  if (values.extent === 'whole') {
    return { ok: true, credits: reversible, act: { ...target, amount: reversible } };
  }
  const amount = parseCredits(values.amount);
  if (!amount.ok) return { ok: false, fields: { amount: amount.why } };
  if (amount.value > reversible) {
    return {
      ok: false,
      fields: { amount: `At most ${formatCredits(reversible)} can still be reversed.` },
    };
  }
  return { ok: true, credits: amount.value, act: { ...target, amount: amount.value } };
}

/** Undoes a transaction, whole or in part, along its recorded consumptions. */
export function ReverseForm({
  detail,
  prefill,
  host,
}: {
  detail: TransactionDetail;
  prefill: Partial<ReasonValues> | undefined;
  host: ActFormHost;
}) {
  const { timeZone } = useSession();
  const { transaction, reversible } = detail;
  const spent = Math.abs(transaction.amount) - transaction.reversed - reversible;
  // What the form opened on: once a reversal of it is posted nothing is left, and the form must still tell its outcome.
  const reversibleAtFirst = useFirstValue(reversible);
  if (reversibleAtFirst === 0) {
    return (
      <SideDrawer
        opened={host.opened}
        onClose={() => host.onEnd({ how: 'discarded' })}
        title={ACT_TITLES.reverse.title}
      >
        <EmptyState>
          {transaction.type === 'reversal'
            ? 'A reversal cannot be reversed. Post a new entry instead.'
            : spent > 0
              ? 'These credits are spent: nothing of them is left to take back.'
              : 'This transaction is reversed already: nothing of it is left.'}
        </EmptyState>
      </SideDrawer>
    );
  }
  return (
    <ActForm<ReverseValues>
      name="reverse"
      customerId={transaction.customerId}
      initialValues={{ extent: 'whole', amount: '', ...NO_REASON, ...prefill }}
      read={(values) =>
        readReverse(values, {
          customerId: transaction.customerId,
          transactionId: transaction.id,
          reversible,
        })
      }
      idleText="Enter an amount to see the balance before and after."
      host={host}
    >
      {(form, { disabled }) => (
        <>
          <FormSubject>
            <dt>Transaction</dt>
            <dd>
              {transactionTypeLabel(transaction.type)} {formatSignedCredits(transaction.amount)}
            </dd>
            <dt>When</dt>
            <dd>{formatInstant(transaction.createdAt, timeZone)}</dd>
            <dt>By</dt>
            <dd>{transaction.actor}</dd>
            {transaction.description !== '' && (
              <>
                <dt>Description</dt>
                <dd>{transaction.description}</dd>
              </>
            )}
            {transaction.reversed > 0 && (
              <>
                <dt>Reversed so far</dt>
                <dd>{formatCreditsInWords(transaction.reversed)}</dd>
              </>
            )}
            {transaction.amount > 0 && spent > 0 && (
              <>
                <dt>Spent meanwhile</dt>
                <dd>{formatCreditsInWords(spent)}, which a reversal cannot take back</dd>
              </>
            )}
          </FormSubject>
          <Radio.Group
            label="How much"
            value={form.values.extent}
            onChange={(extent) => {
              form.setFieldValue('extent', extent === 'part' ? 'part' : 'whole');
              form.clearFieldError('amount');
            }}
          >
            <Stack gap="xs">
              <Radio
                value="whole"
                label={`All that is left of it: ${formatCreditsInWords(reversible)}`}
                disabled={disabled}
                data-autofocus
              />
              <Radio value="part" label="A part of it" disabled={disabled} />
            </Stack>
          </Radio.Group>
          {form.values.extent === 'part' && (
            <AmountField
              label="Credits to reverse"
              value={form.values.amount}
              onChange={(amount) => {
                form.setFieldValue('amount', amount);
                form.clearFieldError('amount');
              }}
              onBlur={() => {
                if (form.values.amount === '') return;
                const read = readReverse(form.values, {
                  customerId: transaction.customerId,
                  transactionId: transaction.id,
                  reversible,
                });
                if (!read.ok) form.setFieldError('amount', read.fields.amount);
              }}
              error={form.errors.amount}
              disabled={disabled}
              hint={`Up to ${formatCredits(reversible)}.`}
            />
          )}
        </>
      )}
    </ActForm>
  );
}
