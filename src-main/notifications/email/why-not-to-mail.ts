import { sql } from 'kysely';
import { type QueryTarget, runQuery } from '#main/database/run-query.ts';
import type { NotificationSettings } from '#shared/ipc/notifications.ts';
import { levelOf, thresholdOf } from '../alerts/level.ts';
import type { ClaimedDelivery } from '../delivery/claim-deliveries.ts';
import { isAddress } from './mailbox.ts';

/** Whom a notice goes to, and how they stand now. */
type MailFacts = {
  email: string | null;
  name: string | null;
  /** Credits, as everything below: now, not when the notice was raised. */
  balance: number;
  threshold: number;
  /** 0: enough, 1: low, 2: empty. */
  level: number;
  suppression: string | null;
  wasSentLately: boolean;
  /** Whether somebody may be mailing an earlier notice of this kind at this moment. */
  isOneUnderWay: boolean;
  /** Whether a notice after this one was or will be mailed. */
  hasLaterNotice: boolean;
};

/** Reads them for one delivery; undefined where there is no such customer. */
export async function readMailFacts(
  target: QueryTarget,
  { hoursBetweenEmails }: NotificationSettings,
  { customerId, notificationId, kind }: ClaimedDelivery,
): Promise<MailFacts | undefined> {
  const [facts] = await runQuery(
    target,
    sql<MailFacts>`
      SELECT c.email, c.name, a.credits_balance AS balance, l.threshold, ${levelOf(sql`a.credits_balance`, sql`l.threshold`)} AS level,
        s.reason AS suppression,
        EXISTS (SELECT FROM credits_billing.notifications n
          JOIN credits_billing.notification_deliveries d ON d.notification_id = n.id AND d.channel = 'email' AND d.state = 'sent'
          WHERE n.customer_id = c.id AND n.kind = ${kind} AND n.id <> ${notificationId}
            AND d.sent_at > clock_timestamp() - make_interval(hours => ${hoursBetweenEmails})) AS "wasSentLately",
        EXISTS (SELECT FROM credits_billing.notifications n
          JOIN credits_billing.notification_deliveries d ON d.notification_id = n.id AND d.channel = 'email' AND d.state = 'queued'
          WHERE n.customer_id = c.id AND n.kind = ${kind} AND n.id < ${notificationId}
            AND d.claimed_until > clock_timestamp()) AS "isOneUnderWay",
        EXISTS (SELECT FROM credits_billing.notifications n
          JOIN credits_billing.notification_deliveries d
            ON d.notification_id = n.id AND d.channel = 'email' AND d.state IN ('queued', 'sent')
          WHERE n.customer_id = c.id AND n.id > ${notificationId}
            -- One that waits and is not true any more will not be.
            AND (d.state = 'sent' OR n.kind = 'low' OR a.credits_balance <= 0)) AS "hasLaterNotice"
      FROM credits.customers c JOIN credits.accounts a ON a.customer_id = c.id
      LEFT JOIN credits_billing.plans p ON p.tier = c.plan_tier
      CROSS JOIN LATERAL (SELECT ${thresholdOf()} AS threshold) l
      LEFT JOIN credits_billing.email_suppressions s ON s.customer_id = c.id
      WHERE c.id = ${customerId}`,
  );
  return facts;
}

/**
 * Why a notice is not mailed, as a sentence; undefined where it is. A notice that is not true any more is never sent. One that a
 * person asked for goes out whatever was sent before.
 */
export function whyNotToMail(
  { kind, wasAskedFor }: Pick<ClaimedDelivery, 'kind' | 'wasAskedFor'>,
  { hoursBetweenEmails }: Pick<NotificationSettings, 'hoursBetweenEmails'>,
  facts: MailFacts | undefined,
): string | undefined {
  if (facts === undefined) return 'There is no such customer any more.';
  const { email, level, balance, threshold, suppression } = facts;
  if (email === null || email.trim() === '') return 'The customer has no e-mail address.';
  if (!isAddress(email.trim())) {
    return 'What stands as the customer’s e-mail address is not one that a mail can be sent to.';
  }
  if (suppression !== null) return `E-mails to this customer are suppressed: ${suppression}`;
  const now = `${balance.toLocaleString('en')} credits now, with a threshold of ${threshold.toLocaleString('en')}`;
  if (kind === 'low' && level === 0) return `The balance recovered before it was sent: ${now}.`;
  if (kind === 'empty' && level < 2) return `There were credits again before it was sent: ${now}.`;
  if (wasAskedFor) {
    return kind === 'low' && level === 2 ? 'The credits ran out since.' : undefined;
  }
  if (facts.hasLaterNotice) return 'A later notice tells the customer instead.';
  if (facts.wasSentLately) {
    const hours = hoursBetweenEmails === 1 ? 'hour' : `${hoursBetweenEmails} hours`;
    return `The customer got an e-mail of this kind within the last ${hours}.`;
  }
  return undefined;
}

/**
 * Whether to wait until it is known what becomes of an earlier notice of this kind, which a slow mail server may be taking: two
 * at once would be two within the hours.
 */
export function mustWait(
  { wasAskedFor }: Pick<ClaimedDelivery, 'wasAskedFor'>,
  { hoursBetweenEmails }: Pick<NotificationSettings, 'hoursBetweenEmails'>,
  facts: MailFacts,
): boolean {
  return facts.isOneUnderWay && hoursBetweenEmails > 0 && !wasAskedFor;
}
