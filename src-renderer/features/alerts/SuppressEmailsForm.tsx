import { Checkbox, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useCommand } from '#renderer/api/queries.ts';
import { useSession } from '#renderer/api/session.tsx';
import { CommandFailure } from '#renderer/ui/CommandFailure.tsx';
import { FormDialog } from '#renderer/ui/FormDialog.tsx';
import { useSaving } from '#renderer/ui/use-saving.ts';
import classes from './alerts.module.css';
import { type CustomerAlertsData, useKeepCustomerAlerts } from './keep-alerts.ts';

const REASON_MAX = 1000;

/** Stops e-mails to a customer, with a reason, or allows them again where they are stopped. */
export function SuppressEmailsForm({
  customerId,
  alerts: { emailSuppression },
  onClose,
}: {
  customerId: string;
  alerts: CustomerAlertsData;
  onClose: () => void;
}) {
  const { connection } = useSession();
  // As it was when the form opened: the answer turns it round while the form still closes.
  const [suppression] = useState(emailSuppression);
  const allows = suppression !== null;
  const [reason, setReason] = useState('');
  const [isConfirmed, setConfirmed] = useState(false);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const { asksProduction, whenAnswered } = useSaving<CustomerAlertsData>({
    setErrors,
    keep: useKeepCustomerAlerts(customerId),
    saved: (saved) =>
      saved.emailSuppression === null ? 'E-mails are allowed again.' : 'E-mails are suppressed.',
    onClose,
  });
  const save = useCommand('alerts.suppressEmails', whenAnswered);
  return (
    <FormDialog
      title={allows ? 'Allow e-mails again' : 'Suppress e-mails'}
      submitLabel={allows ? 'Allow e-mails' : 'Suppress e-mails'}
      isPending={save.isPending}
      isIncomplete={(!allows && reason.trim() === '') || (asksProduction && !isConfirmed)}
      onClose={onClose}
      onSubmit={() =>
        save.mutate({
          customerId,
          reason: allows ? null : reason,
          confirmedProduction: asksProduction && isConfirmed,
        })
      }
    >
      <Stack gap="md">
        {suppression === null ? (
          <>
            <p className={classes.words}>
              Low-balance e-mails are no longer sent to this customer. Notifications are still
              raised, and webhooks and desktop notices go on.
            </p>
            <Textarea
              label="Reason"
              description="Stands on the customer’s record."
              data-autofocus
              rows={3}
              maxLength={REASON_MAX}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              error={errors.reason}
            />
          </>
        ) : (
          <p className={classes.words}>
            From the next notification on, e-mails go to this customer again.{' '}
            {suppression.byMailServer &&
              'Should the mail server refuse the address once more, they are suppressed again.'}
          </p>
        )}
        {asksProduction && (
          <Checkbox
            label={`Yes, for ${connection.name}, which is production`}
            checked={isConfirmed}
            onChange={(event) => setConfirmed(event.currentTarget.checked)}
          />
        )}
        <CommandFailure error={save.error} />
      </Stack>
    </FormDialog>
  );
}
