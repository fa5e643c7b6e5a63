import type { NotificationSettings } from '#shared/ipc/notifications.ts';
import { postWebhook } from '../webhook/post-webhook.ts';
import { purchaseUrlFor } from '../words/purchase-url.ts';
import type { Attempt } from './channel.ts';
import type { ClaimedDelivery } from './claim-deliveries.ts';
import { deliveryKey } from './delivery-key.ts';

/** Posts one notice. A webhook tells what happened, so it is sent also where the balance recovered since. */
export async function postNotice(
  endpoint: { url: string; key: Buffer; now: () => Date },
  settings: NotificationSettings,
  delivery: ClaimedDelivery,
): Promise<Attempt> {
  const { kind, occurredAt, customerId, balance, threshold, transactionId } = delivery;
  const outcome = await postWebhook(endpoint, {
    id: deliveryKey(delivery),
    kind,
    occurredAt,
    customerId,
    balance,
    threshold,
    transactionId,
    purchaseUrl: purchaseUrlFor(settings.purchaseUrl, customerId),
  });
  return { ...outcome, recipient: new URL(endpoint.url).host };
}
