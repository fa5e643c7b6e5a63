import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { CopyableId } from '#renderer/ui/CopyableId.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import type { AppError } from '#shared/errors.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import styles from './billing.module.css';
import { StripeModeNote } from './StripeModeNote.tsx';

/** A customer's tab about Stripe: which Stripe it is, who the customer is there and what can be done, above sections. */
export function StripeTab({
  stripe,
  stripeCustomerId,
  noCustomer,
  note,
  acts,
  children,
}: {
  stripe: UseQueryResult<StripeStatus, AppError>;
  stripeCustomerId: string | null;
  /** Said where Stripe does not know the customer yet. */
  noCustomer: string;
  /** More words below, such as what a role may not do. */
  note?: ReactNode;
  /** Buttons; nothing: no place is kept for them. */
  acts: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className={styles.tab}>
      <div className={styles.head}>
        <div className={styles.headWords}>
          {stripe.data !== undefined ? (
            <StripeModeNote status={stripe.data} />
          ) : (
            stripe.isError && (
              <ErrorState error={stripe.error} onRetry={() => void stripe.refetch()} />
            )
          )}
          <p className={styles.stripeCustomer}>
            {stripeCustomerId === null ? (
              noCustomer
            ) : (
              <>
                Stripe customer <CopyableId value={stripeCustomerId} label="Stripe customer id" />
              </>
            )}
          </p>
          {note}
        </div>
        {acts && <div className={styles.headActions}>{acts}</div>}
      </div>
      {children}
    </div>
  );
}
