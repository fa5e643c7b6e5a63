import { type ReactNode, useMemo } from 'react';
import { useLiveForms } from '#renderer/features/ledger-forms/ledger-forms.tsx';
import { type BillingForms, BillingFormsContext, requestName } from './billing-context.ts';
import { OpenRefundForm } from './OpenRefundForm.tsx';
import { StartCheckoutForm } from './StartCheckoutForm.tsx';

// The door of this feature: what other features may use of it.
export { BillingTab } from './BillingTab.tsx';
export { type BillingForms, useBillingForms } from './billing-context.ts';
export { StripeModeNote } from './StripeModeNote.tsx';
export { StripeTab } from './StripeTab.tsx';

/** Holds the forms that sell and refund above all pages: what is under way is not lost with a page. */
export function BillingFormsProvider({ children }: { children: ReactNode }) {
  const { forms, open, keep, close } = useLiveForms(requestName);
  const actions = useMemo<BillingForms>(
    () => ({
      openSale: (customerId, kind = 'credit_purchase', meteredPriceId) =>
        open({ form: 'sale', customerId, kind, meteredPriceId: meteredPriceId ?? null }),
      openRefund: (target) => open({ form: 'refund', ...target }),
    }),
    [open],
  );
  return (
    <BillingFormsContext value={actions}>
      {children}
      {forms.map(({ formId, request, opened }) =>
        request.form === 'sale' ? (
          <StartCheckoutForm
            key={formId}
            customerId={request.customerId}
            initialKind={request.kind}
            initialMeteredPriceId={request.meteredPriceId}
            opened={opened}
            onClose={() => close(formId)}
            onKeep={(words) => keep(formId, words)}
          />
        ) : (
          <OpenRefundForm
            key={formId}
            customerId={request.customerId}
            stripePaymentId={request.stripePaymentId}
            opened={opened}
            onClose={() => close(formId)}
            onKeep={(words) => keep(formId, words)}
          />
        ),
      )}
    </BillingFormsContext>
  );
}
