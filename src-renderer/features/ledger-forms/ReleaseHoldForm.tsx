import { useSession } from '#renderer/api/session.tsx';
import { formatCreditsInWords } from '#renderer/format/credits.ts';
import { formatInstant } from '#renderer/format/time.ts';
import type { Hold } from '#shared/ipc/vocabulary.ts';
import { ActForm, type ActFormHost } from './ActForm.tsx';
import styles from './ledger-forms.module.css';
import { NO_REASON, type ReasonValues } from './reason-values.ts';

/** Gives held credits back to the customer before the work that holds them has ended. */
export function ReleaseHoldForm({
  customerId,
  hold,
  host,
}: {
  customerId: string;
  /** As it was when the form opened. */
  hold: Hold;
  host: ActFormHost;
}) {
  const { timeZone } = useSession();
  return (
    <ActForm<ReasonValues>
      name="releaseHold"
      customerId={customerId}
      initialValues={NO_REASON}
      read={() => ({
        ok: true,
        credits: hold.amount,
        act: { act: 'releaseHold', customerId, holdId: hold.id },
      })}
      idleText=""
      host={host}
    >
      {() => (
        <dl className={styles.subject}>
          <dt>Held</dt>
          <dd>{formatCreditsInWords(hold.amount)}</dd>
          {hold.description !== '' && (
            <>
              <dt>For</dt>
              <dd>{hold.description}</dd>
            </>
          )}
          {hold.feature !== null && (
            <>
              <dt>Feature</dt>
              <dd>{hold.feature}</dd>
            </>
          )}
          <dt>Since</dt>
          <dd>{formatInstant(hold.createdAt, timeZone)}</dd>
          <dt>Ends by itself</dt>
          <dd>{formatInstant(hold.expiresAt, timeZone)}</dd>
        </dl>
      )}
    </ActForm>
  );
}
