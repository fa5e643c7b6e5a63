import type { ReasonValues } from './reason-values.ts';

/** What a form is opened for. */
export type LedgerFormRequest =
  | { act: 'grant'; customerId: string }
  | { act: 'adjustDown'; customerId: string }
  | {
      act: 'reverse';
      customerId: string;
      transactionId: string;
      /** Filled in beforehand, such as by Undo. */
      prefill?: Partial<ReasonValues> | undefined;
    }
  | { act: 'extendGrant'; customerId: string; grantId: string }
  | { act: 'releaseHold'; customerId: string; holdId: string };

/** Two requests with the same name are about the same entry. */
export function requestName(request: LedgerFormRequest): string {
  switch (request.act) {
    case 'grant':
    case 'adjustDown':
      return JSON.stringify([request.act, request.customerId]);
    case 'reverse':
      return JSON.stringify([request.act, request.customerId, request.transactionId]);
    case 'extendGrant':
      return JSON.stringify([request.act, request.customerId, request.grantId]);
    case 'releaseHold':
      return JSON.stringify([request.act, request.customerId, request.holdId]);
  }
}

/** Opens the forms that write to the ledger. Each opens in a drawer over the page it was called from. */
export type LedgerForms = {
  openGrant: (customerId: string) => void;
  openAdjustDown: (customerId: string) => void;
  openReverse: (target: {
    customerId: string;
    transactionId: string;
    prefill?: Partial<ReasonValues>;
  }) => void;
  openExtendGrant: (target: { customerId: string; grantId: string }) => void;
  openReleaseHold: (target: { customerId: string; holdId: string }) => void;
};
