import { createContext, useContext } from 'react';
import type { Checkout } from '#shared/ipc/billing.ts';

/** What a form is opened for. */
export type BillingFormRequest =
  | { form: 'sale'; customerId: string; kind: Checkout['kind']; meteredPriceId: string | null }
  | { form: 'refund'; customerId: string; stripePaymentId: string };

/** Two requests with the same name are about the same sale or refund. */
export function requestName(request: BillingFormRequest): string {
  switch (request.form) {
    case 'sale':
      return JSON.stringify([request.form, request.customerId]);
    case 'refund':
      return JSON.stringify([request.form, request.customerId, request.stripePaymentId]);
  }
}

/** Opens the forms that sell and refund. Each opens in a drawer over the page it was called from. */
export type BillingForms = {
  /** What the form begins with: a purchase where no kind is given, and with a plan the metered price sold beside it. */
  openSale: (customerId: string, kind?: Checkout['kind'], meteredPriceId?: string) => void;
  openRefund: (target: { customerId: string; stripePaymentId: string }) => void;
};

export const BillingFormsContext = createContext<BillingForms | null>(null);

/** The forms that sell and refund; needs a BillingFormsProvider above. */
export function useBillingForms(): BillingForms {
  const forms = useContext(BillingFormsContext);
  if (forms === null) throw new Error('useBillingForms() needs a BillingFormsProvider above it.');
  return forms;
}
