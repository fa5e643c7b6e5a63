import { type ReactNode, useState } from 'react';
import { isStripeUsable } from '#renderer/api/stripe-usable.ts';
import {
  type ActWords,
  useFirstValue,
  useLatest,
} from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import type { Checkout } from '#shared/ipc/billing.ts';
import type { StripeStatus } from '#shared/ipc/stripe.ts';
import { CheckoutChoice } from './CheckoutChoice.tsx';
import { CheckoutProgress } from './CheckoutProgress.tsx';
import { useCatalog, useMeteringCatalog, useStripeStatus } from './queries.ts';
import { StripeModeNote } from './StripeModeNote.tsx';

/** Sells a package or a plan: first what, then the link to pay it, followed until it is paid. */
export function StartCheckoutForm({
  customerId,
  initialKind,
  initialMeteredPriceId,
  opened,
  onClose,
  onKeep,
}: {
  customerId: string;
  initialKind: Checkout['kind'];
  /** The metered price that a plan is to be sold with; null: none. */
  initialMeteredPriceId: string | null;
  opened: boolean;
  onClose: () => void;
  /** The outcome is not known: the form is kept with its key. */
  onKeep: (words: ActWords) => void;
}) {
  const [started, setStarted] = useState<Checkout | null>(null);
  const catalog = useCatalog();
  const stripe = useStripeStatus();
  const metering = useMeteringCatalog();
  const latestCatalog = useLatest(catalog.data);
  const latestStripe = useLatest(stripe.data);
  const latestMetering = useLatest(metering.data);

  if (started !== null) {
    return (
      <CheckoutProgress
        checkout={started}
        stripe={latestStripe}
        opened={opened}
        onClose={onClose}
      />
    );
  }
  const waiting = (children: ReactNode) => (
    <SideDrawer opened={opened} onClose={onClose} title="Sell credits" width={500}>
      {children}
    </SideDrawer>
  );
  if (latestCatalog === undefined || latestStripe === undefined) {
    const failed = latestCatalog === undefined ? catalog : stripe;
    return waiting(
      failed.error === null ? (
        <LoadingRows count={5} label="Loading packages and plans" />
      ) : (
        <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />
      ),
    );
  }
  return (
    <Choice stripe={latestStripe} onLeave={onClose} blocked={waiting}>
      <CheckoutChoice
        customerId={customerId}
        initialKind={initialKind}
        initialMeteredPriceId={initialMeteredPriceId}
        catalog={latestCatalog}
        metering={{
          catalog: latestMetering,
          error: latestMetering === undefined ? metering.error : null,
          retry: () => void metering.refetch(),
        }}
        stripe={latestStripe}
        opened={opened}
        onClose={onClose}
        onKeep={onKeep}
        onStarted={setStarted}
      />
    </Choice>
  );
}

/** The form where Stripe was usable when it opened: one whose link may have been made already stays. */
function Choice({
  stripe,
  onLeave,
  blocked,
  children,
}: {
  stripe: StripeStatus;
  onLeave: () => void;
  blocked: (why: ReactNode) => ReactNode;
  children: ReactNode;
}) {
  const usableAtFirst = useFirstValue(isStripeUsable(stripe));
  return usableAtFirst ? children : blocked(<StripeModeNote status={stripe} onLeave={onLeave} />);
}
