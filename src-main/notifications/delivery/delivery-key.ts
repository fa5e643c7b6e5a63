import { createHash } from 'node:crypto';
import type { ClaimedDelivery } from './claim-deliveries.ts';

/**
 * What a notice goes by outside: in the Message-ID, and as the id of a webhook. The same for every attempt, by whichever process,
 * so that a receiver can tell a second one; unlike that of any other workspace, whose notices are numbered from 1 too.
 */
export function deliveryKey(
  delivery: Pick<ClaimedDelivery, 'notificationId' | 'customerId' | 'transactionId' | 'raisedAt'>,
): string {
  const { notificationId, customerId, transactionId, raisedAt } = delivery;
  const whole = JSON.stringify([notificationId, customerId, transactionId, raisedAt.toISOString()]);
  return `ntf_${notificationId}_${createHash('sha256').update(whole).digest('hex').slice(0, 24)}`;
}
