import { Button, UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAbility } from '#renderer/api/session.tsx';
import { formatMoney } from '#renderer/format/money.ts';
import { CreditAmount } from '#renderer/ui/CreditAmount.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { MoneyAmount } from '#renderer/ui/MoneyAmount.tsx';
import { Table } from '#renderer/ui/Table.tsx';
import { TypeBadge } from '#renderer/ui/TypeBadge.tsx';
import type { Payment } from '#shared/ipc/billing.ts';
import styles from './billing.module.css';
import { useBillingForms } from './billing-context.ts';

/** What was paid, what went back, and how the credits of each payment stand. */
export function PaymentsTable({
  customerId,
  payments,
  onOpenTransaction,
}: {
  customerId: string;
  payments: readonly Payment[];
  onOpenTransaction: (transactionId: string) => void;
}) {
  if (payments.length === 0) {
    return (
      <p className={styles.empty}>Nothing was paid yet. Payments appear here with their credits.</p>
    );
  }
  return (
    <Table
      label="Payments"
      className={styles.table}
      head={
        <>
          <th scope="col">Payment</th>
          <th scope="col" data-number>
            Paid
          </th>
          <th scope="col" data-number>
            Refunded
          </th>
          <th scope="col" data-number>
            Credits left of granted
          </th>
          <th scope="col" data-number>
            Taken back
          </th>
          <th scope="col" data-number>
            Not recovered
          </th>
          <th scope="col">
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </>
      }
    >
      {payments.map((payment) => (
        <PaymentRow
          key={payment.stripePaymentId}
          customerId={customerId}
          payment={payment}
          onOpenTransaction={onOpenTransaction}
        />
      ))}
    </Table>
  );
}

function PaymentRow({
  customerId,
  payment,
  onOpenTransaction,
}: {
  customerId: string;
  payment: Payment;
  onOpenTransaction: (transactionId: string) => void;
}) {
  const mayRefund = useAbility('refund');
  const forms = useBillingForms();
  const { currency, stripePaymentId } = payment;
  const money = (amountMinor: number) => (currency === null ? null : { amountMinor, currency });
  const refundable = money(payment.refundableMinor);
  const name = payment.description || stripePaymentId;
  return (
    <tr>
      <th scope="row">
        <UnstyledButton
          className={styles.open}
          title={`Open its transaction (${stripePaymentId})`}
          onClick={() => onOpenTransaction(payment.transactionId)}
        >
          <TypeBadge type={payment.type} /> <span className={styles.openWords}>{name}</span>
        </UnstyledButton>
        <div className={styles.second}>
          <InstantText iso={payment.createdAt} show="date" />
        </div>
      </th>
      <td data-number>
        {payment.paidMinor === null || currency === null ? (
          <span
            className={styles.muted}
            title="It was written without the console, or belongs to another Stripe account."
          >
            Not known
          </span>
        ) : (
          <MoneyAmount value={{ amountMinor: payment.paidMinor, currency }} />
        )}
      </td>
      <td data-number>
        <MoneyOrNone value={money(payment.refundedMinor)} />
        <MoneyMore value={money(payment.requestedMinor)}>not confirmed</MoneyMore>
        <MoneyMore value={money(payment.disputedMinor)}>in dispute</MoneyMore>
        <MoneyMore value={money(payment.lostMinor)}>lost</MoneyMore>
      </td>
      <td data-number>
        <strong>
          <CreditAmount value={payment.remaining} />
        </strong>{' '}
        <span className={styles.muted}>of</span> <CreditAmount value={payment.granted} muted />
      </td>
      <td data-number>
        <CreditsOrNone value={payment.recovered} />
      </td>
      <td data-number data-warned={payment.unrecovered > 0 || undefined}>
        <CreditsOrNone value={payment.unrecovered} />
      </td>
      <td data-actions>
        {mayRefund && payment.known && refundable !== null && refundable.amountMinor > 0 && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={`Refund ${name}`}
            title={`Up to ${formatMoney(refundable)} can be refunded`}
            onClick={() => forms.openRefund({ customerId, stripePaymentId })}
          >
            Refund…
          </Button>
        )}
      </td>
    </tr>
  );
}

type MaybeMoney = { amountMinor: number; currency: string } | null;

function MoneyOrNone({ value }: { value: MaybeMoney }) {
  if (value === null || value.amountMinor === 0) return <span className={styles.muted}>None</span>;
  return <MoneyAmount value={value} />;
}

function MoneyMore({ value, children }: { value: MaybeMoney; children: ReactNode }) {
  if (value === null || value.amountMinor === 0) return null;
  return (
    <div className={styles.second}>
      <MoneyAmount value={value} /> {children}
    </div>
  );
}

function CreditsOrNone({ value }: { value: number }) {
  if (value === 0) return <span className={styles.muted}>None</span>;
  return <CreditAmount value={value} />;
}
