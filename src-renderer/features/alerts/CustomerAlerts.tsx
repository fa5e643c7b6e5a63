import { Anchor, Button } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { useAbility } from '#renderer/api/session.tsx';
import { formatCredits } from '#renderer/format/credits.ts';
import { ErrorState } from '#renderer/ui/ErrorState.tsx';
import { InstantText } from '#renderer/ui/InstantText.tsx';
import { LoadingRows } from '#renderer/ui/LoadingRows.tsx';
import { StateBadge } from '#renderer/ui/StateBadge.tsx';
import type { Notification } from '#shared/ipc/alerts.ts';
import { deliveryText, NO_CHANNEL, thresholdSentence } from './alert-words.ts';
import classes from './alerts.module.css';
import { alertsAddress } from './alerts-place.ts';
import type { CustomerAlertsData } from './keep-alerts.ts';
import { LevelBadge } from './LevelBadge.tsx';
import { SuppressEmailsForm } from './SuppressEmailsForm.tsx';
import { ThresholdForm } from './ThresholdForm.tsx';
import { useCustomerAlerts } from './use-customer-alerts.ts';

const NOTIFICATIONS_SHOWN = 3;

/** One customer's threshold, whether e-mails go to them, and what they were told last; for the record beside the tabs. */
export function CustomerAlerts({
  customerId,
  email,
}: {
  customerId: string;
  /** Where their e-mails go; null: nowhere. */
  email: string | null;
}) {
  const alerts = useCustomerAlerts(customerId);
  if (alerts.data === undefined) {
    return alerts.isError ? (
      <ErrorState error={alerts.error} onRetry={() => void alerts.refetch()} />
    ) : (
      <LoadingRows count={2} label="Loading alerts" />
    );
  }
  return <Loaded customerId={customerId} email={email} alerts={alerts.data} />;
}

function Loaded({
  customerId,
  email,
  alerts,
}: {
  customerId: string;
  email: string | null;
  alerts: CustomerAlertsData;
}) {
  const maySet = useAbility('setAlerts');
  const [form, setForm] = useState<'threshold' | 'emails' | null>(null);
  const { level, emailSuppression, notifications } = alerts;
  const close = () => setForm(null);
  return (
    <>
      <p className={classes.words}>
        {level !== null && (
          <>
            <LevelBadge level={level} />{' '}
          </>
        )}
        {thresholdSentence(alerts)}.
      </p>
      <Emails email={email} suppression={emailSuppression} />
      {maySet && (
        <div className={classes.acts}>
          <Button size="compact-sm" variant="default" onClick={() => setForm('threshold')}>
            Change threshold…
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => setForm('emails')}>
            {emailSuppression === null ? 'Suppress e-mails…' : 'Allow e-mails…'}
          </Button>
        </div>
      )}
      {notifications.length === 0 ? (
        <p className={classes.hint}>No notifications yet.</p>
      ) : (
        <>
          <ul className={classes.latest} aria-label="Latest notifications">
            {notifications.slice(0, NOTIFICATIONS_SHOWN).map((notification) => (
              <NotificationItem key={notification.id} notification={notification} />
            ))}
          </ul>
          <Anchor component={Link} inherit href={alertsAddress({ tab: 'log', customerId })}>
            All notifications
          </Anchor>
        </>
      )}
      {form === 'threshold' && (
        <ThresholdForm customerId={customerId} alerts={alerts} onClose={close} />
      )}
      {form === 'emails' && (
        <SuppressEmailsForm customerId={customerId} alerts={alerts} onClose={close} />
      )}
    </>
  );
}

function Emails({
  email,
  suppression,
}: {
  email: string | null;
  suppression: CustomerAlertsData['emailSuppression'];
}) {
  if (suppression === null) {
    return (
      <p className={classes.notificationLine}>
        {email === null
          ? 'No e-mail address, so no e-mails.'
          : 'E-mails are not suppressed for this customer.'}
      </p>
    );
  }
  const { reason, byMailServer, createdAt, createdBy } = suppression;
  return (
    <div className={classes.suppression}>
      <StateBadge tone="warning">E-mails suppressed</StateBadge>
      <p className={classes.notificationLine}>
        {byMailServer ? 'The mail server refused the address: ' : ''}
        {reason}
      </p>
      <p className={classes.notificationLine}>
        {byMailServer ? '' : `${createdBy}, `}
        <InstantText iso={createdAt} />
      </p>
    </div>
  );
}

function NotificationItem({ notification }: { notification: Notification }) {
  const { kind, balance, threshold, occurredAt, deliveries } = notification;
  return (
    <li className={classes.notification}>
      <div className={classes.notificationHead}>
        <LevelBadge level={kind} />
        <InstantText iso={occurredAt} />
      </div>
      <p className={classes.notificationLine}>
        {formatCredits(balance)} left, threshold {formatCredits(threshold)}
      </p>
      {deliveries.length === 0 && <p className={classes.notificationLine}>{NO_CHANNEL}</p>}
      {deliveries.map((delivery) => (
        <p key={delivery.channel} className={classes.notificationLine}>
          {deliveryText(delivery)}
        </p>
      ))}
    </li>
  );
}
