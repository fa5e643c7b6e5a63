import { Button, Radio, Select, Stack } from '@mantine/core';
import { consoleQuery } from '#renderer/api/queries.ts';
import {
  type FormHost,
  FormSubject,
  NO_REASON,
  PostingForm,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatMoney } from '#renderer/format/money.ts';
import { MoneyField } from '#renderer/ui/MoneyField.tsx';
import type { ClawbackPolicy, StripeStatus } from '#shared/ipc/stripe.ts';
import { moneyDigits } from '#shared/money.ts';
import styles from './billing.module.css';
import {
  postRefund,
  type RefundAct,
  type RefundAnswer,
  type RefundablePayment,
  type RefundPreview,
  type RefundValues,
  readRefund,
  type StripeReason,
} from './refund-act.ts';
import { StripeModeNote } from './StripeModeNote.tsx';

const STRIPE_REASONS: Array<{ value: StripeReason; label: string }> = [
  { value: 'requested_by_customer', label: 'Requested by the customer' },
  { value: 'duplicate', label: 'Duplicate payment' },
  { value: 'fraudulent', label: 'Fraudulent payment' },
];

/** Refunds a payment, whole or in part: the largest refund without a loss is what it begins with. */
export function RefundForm({
  customerId,
  payment,
  stripe,
  host,
}: {
  customerId: string;
  payment: RefundablePayment;
  stripe: StripeStatus;
  host: FormHost<RefundAct, RefundAnswer>;
}) {
  const { currency, safeRefundMinor, refundableMinor } = payment;
  const money = (amountMinor: number) => formatMoney({ amountMinor, currency });
  const digits = (amountMinor: number) => moneyDigits({ amountMinor, currency });
  const read = (values: RefundValues) => readRefund(values, { customerId, payment });
  return (
    <PostingForm<RefundValues, RefundAct, RefundPreview, RefundAnswer>
      title="Refund money"
      idleButton="Refund money"
      idleText="Enter an amount to see what happens to the credits."
      customerId={customerId}
      initialValues={{
        amount: safeRefundMinor > 0 ? digits(safeRefundMinor) : '',
        policy: stripe.refundPolicy,
        stripeReason: 'requested_by_customer',
        ...NO_REASON,
      }}
      read={read}
      preview={({ stripeReason: _, ...question }) =>
        consoleQuery('billing.previewRefund', question)
      }
      aboutPreview={aboutPreview}
      post={postRefund}
      fieldOfArgument={{ amountMinor: 'amount', amount_minor: 'amount', reason: 'note' }}
      consequence={
        stripe.mode === 'live'
          ? 'Real money goes back to the customer, which cannot be called back.'
          : 'A refund cannot be called back.'
      }
      isDangerous
      host={host}
    >
      {(form, { disabled }) => {
        const setAmount = (amount: string) => {
          form.setFieldValue('amount', amount);
          form.clearFieldError('amount');
        };
        return (
          <>
            <StripeModeNote status={stripe} />
            <PaymentSubject payment={payment} />
            <div>
              <MoneyField
                label="Money to refund"
                currency={currency}
                value={form.values.amount}
                onChange={setAmount}
                onBlur={() => {
                  const reading = read(form.values);
                  if (!reading.ok && form.values.amount !== '') {
                    form.setFieldError('amount', reading.fields.amount);
                  }
                }}
                error={form.errors.amount}
                disabled={disabled}
                hint={`Up to ${money(refundableMinor)}.`}
              />
              <div className={styles.amountButtons}>
                <Button
                  size="compact-sm"
                  variant="default"
                  disabled={disabled || safeRefundMinor === 0}
                  onClick={() => setAmount(digits(safeRefundMinor))}
                >
                  Largest without loss, {money(safeRefundMinor)}
                </Button>
                <Button
                  size="compact-sm"
                  variant="default"
                  disabled={disabled}
                  onClick={() => setAmount(digits(refundableMinor))}
                >
                  All of it, {money(refundableMinor)}
                </Button>
              </div>
            </div>
            <Radio.Group
              label="Credits that are not there any more"
              value={form.values.policy}
              onChange={(policy) => form.setFieldValue('policy', policy as ClawbackPolicy)}
            >
              <Stack gap="xs">
                <Radio
                  value="remaining"
                  label="Take what is left, record the rest as not recovered"
                  disabled={disabled}
                />
                <Radio
                  value="debt"
                  label="Take all, the balance may go below zero"
                  disabled={disabled}
                />
              </Stack>
            </Radio.Group>
            <Select
              label="Reason for Stripe"
              data={STRIPE_REASONS}
              value={form.values.stripeReason}
              onChange={(reason) =>
                form.setFieldValue(
                  'stripeReason',
                  (reason ?? 'requested_by_customer') as StripeReason,
                )
              }
              disabled={disabled}
              allowDeselect={false}
            />
          </>
        );
      }}
    </PostingForm>
  );
}

/** What was paid and went back, and how the credits of that very payment stand. */
function PaymentSubject({ payment }: { payment: RefundablePayment }) {
  const { currency, granted, remaining, recovered, unrecovered } = payment;
  const gone = granted - remaining;
  const money = (amountMinor: number) => formatMoney({ amountMinor, currency });
  const others: Array<[string, number]> = [
    ['Asked for, not confirmed', payment.requestedMinor],
    ['In dispute', payment.disputedMinor],
    ['Lost in disputes', payment.lostMinor],
  ];
  return (
    <FormSubject>
      <dt>Payment</dt>
      <dd>{payment.description || payment.stripePaymentId}</dd>
      <dt>Paid</dt>
      <dd>{money(payment.paidMinor)}</dd>
      <dt>Refunded so far</dt>
      <dd>{payment.refundedMinor === 0 ? 'Nothing' : money(payment.refundedMinor)}</dd>
      {others.map(
        ([name, amountMinor]) =>
          amountMinor > 0 && (
            <div key={name} className={styles.pair}>
              <dt>{name}</dt>
              <dd>{money(amountMinor)}</dd>
            </div>
          ),
      )}
      <dt>Credits granted</dt>
      <dd>{formatCredits(granted)}</dd>
      {/* What a clawback took is gone as well as what was spent: the two are told apart where nothing was taken. */}
      <dt>{recovered === 0 ? 'Spent or expired' : 'Spent or taken back'}</dt>
      <dd>{formatCredits(gone)}</dd>
      <dt>Left of it</dt>
      <dd>{formatCredits(remaining)}</dd>
      {recovered > 0 && (
        <>
          <dt>Taken back so far</dt>
          <dd>{formatCredits(recovered)}</dd>
        </>
      )}
      {unrecovered > 0 && (
        <>
          <dt>Not recovered so far</dt>
          <dd>{formatCredits(unrecovered)}</dd>
        </>
      )}
    </FormSubject>
  );
}

function aboutPreview({ asked, recovered, unrecovered }: RefundPreview) {
  return {
    spoken: `The money stands for ${formatCreditsInWords(asked)}: ${formatCredits(recovered)} taken back, ${formatCredits(unrecovered)} not recovered.`,
    shown: (
      <dl className={styles.previewCredits}>
        <div>
          <dt>The money stands for</dt>
          <dd>{formatCreditsInWords(asked)}</dd>
        </div>
        <div>
          <dt>Taken back</dt>
          <dd>{formatCredits(recovered)}</dd>
        </div>
        <div>
          <dt>Not recovered</dt>
          <dd data-warned={unrecovered > 0 || undefined}>{formatCredits(unrecovered)}</dd>
        </div>
      </dl>
    ),
  };
}
