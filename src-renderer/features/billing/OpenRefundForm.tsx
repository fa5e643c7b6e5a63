import { type ReactNode, useState } from 'react';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import {
  type ActWords,
  type FormEnd,
  showDoneNotice,
  useFirstValue,
  useLatest,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { formatCredits, formatCreditsInWords } from '#renderer/format/credits.ts';
import { EmptyState } from '#renderer/ui/EmptyState.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { RefundRequest } from '#shared/ipc/billing.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import { usePayment, useStripeStatus } from './queries.ts';
import { RefundForm } from './RefundForm.tsx';
import { RefundPending } from './RefundPending.tsx';
import {
  isMoneyKnown,
  type RefundAct,
  type RefundAnswer,
  type RefundablePayment,
} from './refund-act.ts';
import { StripeModeNote } from './StripeModeNote.tsx';

type Place = {
  customerId: string;
  opened: boolean;
  onClose: () => void;
  /** The outcome is not known: the form is kept with its key. */
  onKeep: (words: ActWords) => void;
};

/** The refund form of a payment, with what it is about loaded first. */
export function OpenRefundForm({ stripePaymentId, ...place }: Place & { stripePaymentId: string }) {
  const payment = usePayment(place.customerId, stripePaymentId);
  const stripe = useStripeStatus();
  const latestPayment = useLatest(payment.data);
  const latestStripe = useLatest(stripe.data);
  if (latestPayment === undefined || latestStripe === undefined) {
    const failed = latestPayment === undefined ? payment : stripe;
    return (
      <Waiting place={place}>
        {failed.error === null ? (
          <LoadingRows count={6} label="Loading the payment" />
        ) : (
          <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />
        )}
      </Waiting>
    );
  }
  if (!isMoneyKnown(latestPayment)) {
    return (
      <Waiting place={place}>
        <EmptyState>
          What was paid is not known here: the payment was written without the console, or belongs
          to another Stripe account. Refund it in Stripe’s dashboard.
        </EmptyState>
      </Waiting>
    );
  }
  return <Refund payment={latestPayment} stripe={latestStripe} place={place} />;
}

function Refund({
  payment,
  stripe,
  place,
}: {
  payment: RefundablePayment;
  stripe: StripeStatus;
  place: Place;
}) {
  const { customerId, opened, onClose, onKeep } = place;
  const [pending, setPending] = useState<RefundRequest | null>(null);
  // What the form opened on: it must tell its outcome also once nothing is left, or Stripe is gone.
  const refundableAtFirst = useFirstValue(payment.refundableMinor);
  const usableAtFirst = useFirstValue(isStripeUsable(stripe));

  function end(how: FormEnd<RefundAct, RefundAnswer>) {
    switch (how.how) {
      case 'kept':
        onKeep(how.attempt.words);
        return;
      case 'discarded':
        onClose();
        return;
      case 'posted': {
        const { request, balance } = how.answer;
        if (request.state === 'requested') {
          setPending(request);
          return;
        }
        showDoneNotice({
          title: how.attempt.words.done,
          message: `It stood for ${formatCreditsInWords(request.credits)}. Available now: ${formatCredits(balance.available)}`,
        });
        onClose();
      }
    }
  }

  if (pending !== null) {
    return <RefundPending request={pending} stripe={stripe} opened={opened} onClose={onClose} />;
  }
  if (!usableAtFirst) {
    return (
      <Waiting place={place}>
        <StripeModeNote status={stripe} onLeave={onClose} />
      </Waiting>
    );
  }
  if (refundableAtFirst === 0) {
    return (
      <Waiting place={place}>
        <EmptyState>
          {payment.requestedMinor > 0
            ? 'Nothing is left to refund: a refund was asked for that Stripe has not confirmed yet.'
            : 'Nothing of this payment is left to refund.'}
        </EmptyState>
      </Waiting>
    );
  }
  return (
    <RefundForm
      customerId={customerId}
      payment={payment}
      stripe={stripe}
      host={{ opened, onEnd: end }}
    />
  );
}

function Waiting({ place, children }: { place: Place; children: ReactNode }) {
  return (
    <SideDrawer opened={place.opened} onClose={place.onClose} title="Refund money" width={500}>
      {children}
    </SideDrawer>
  );
}
