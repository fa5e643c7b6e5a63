import type { ClaimedDelivery } from './claim-deliveries.ts';
import type { DeliveryOutcome } from './outcome.ts';

/** What came of a delivery. `recipient`: the address or host; null where it came to none. */
export type Attempt =
  | (DeliveryOutcome & { readonly recipient: string })
  | { readonly kind: 'suppressed'; readonly recipient: string | null; readonly reason: string };

/** How deliveries of one channel are made with the settings of now. */
export type Channel = (delivery: ClaimedDelivery) => Promise<Attempt>;
