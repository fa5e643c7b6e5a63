import type { QueryTarget } from '#main/database/run-query.ts';
import type { NotificationSettings, NotificationTemplate } from '#shared/ipc/notifications.ts';
import { type MailServer, sendMail } from '../email/send-mail.ts';
import { mustWait, readMailFacts, whyNotToMail } from '../email/why-not-to-mail.ts';
import { purchaseUrlFor } from '../words/purchase-url.ts';
import { renderMessage } from '../words/render-message.ts';
import type { Attempt } from './channel.ts';
import type { ClaimedDelivery } from './claim-deliveries.ts';
import { deliveryKey } from './delivery-key.ts';

/** Mails one notice, or finds why it is not to be mailed. */
export async function mailNotice(
  database: QueryTarget,
  {
    server,
    settings,
    templates,
    signal,
  }: {
    server: MailServer;
    settings: NotificationSettings;
    templates: readonly NotificationTemplate[];
    signal: AbortSignal;
  },
  delivery: ClaimedDelivery,
): Promise<Attempt> {
  const facts = await readMailFacts(database, settings, delivery);
  const reason = whyNotToMail(delivery, settings, facts);
  const to = facts?.email?.trim();
  if (reason !== undefined || facts === undefined || to === undefined) {
    return { kind: 'suppressed', recipient: to || null, reason: reason ?? '' };
  }
  if (mustWait(delivery, settings, facts)) {
    const why = 'An earlier e-mail of this kind is on its way to the customer.';
    return { kind: 'later', recipient: to, reason: why, isUnasked: true };
  }
  const words = templates.find(({ kind }) => kind === delivery.kind);
  if (words === undefined) throw new Error(`there are no words for ${delivery.kind}`);
  const message = renderMessage(words, {
    customer: facts.name?.trim() || delivery.customerId,
    // Of now: a notice may go out a day after it was raised, or whenever somebody asks for it once more.
    balance: facts.balance,
    threshold: facts.threshold,
    company: settings.companyName,
    purchaseUrl: purchaseUrlFor(settings.purchaseUrl, delivery.customerId),
  });
  return {
    ...(await sendMail(server, { to, key: deliveryKey(delivery), message }, signal)),
    recipient: to,
  };
}
