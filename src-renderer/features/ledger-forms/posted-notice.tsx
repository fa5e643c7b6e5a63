import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { formatCredits } from '#renderer/format/credits.ts';
import { announce } from '#renderer/ui/announce.tsx';
import type { ActWords, Posted, PostingAttempt } from './ledger-act.ts';
import styles from './ledger-forms.module.css';
import type { LedgerForms } from './ledger-forms.tsx';

const NOTICE_MS = 10_000;

/** Says what was posted, for ten seconds, with Undo where a reversal can undo it. */
export function showPostedNotice(
  posted: Posted,
  attempt: PostingAttempt,
  forms: Pick<LedgerForms, 'openReverse'>,
): void {
  const { transaction, balance } = posted;
  const { act, reason, words } = attempt;
  // A reversal cannot be reversed, and an expiry or a hold has no entry that could be.
  const undoable = transaction !== null && (act.act === 'grant' || act.act === 'adjustDown');
  const done = `${words.done}.`;
  const available = `Available now: ${formatCredits(balance.available)}`;
  announce(undoable ? `${done} ${available}. Undo is in the notice.` : `${done} ${available}.`);
  showNotice({
    title: words.done,
    message: available,
    action: undoable
      ? {
          label: 'Undo',
          run: () =>
            forms.openReverse({
              customerId: transaction.customerId,
              transactionId: transaction.id,
              prefill: { reasonCode: 'correction', note: `Undo of: ${reason.note}`.slice(0, 1000) },
            }),
        }
      : undefined,
  });
}

/** Says for ten seconds that something was done: aloud too. Sentences, the first without its full stop. */
export function showDoneNotice(notice: { title: string; message: string }): void {
  announce(`${notice.title}. ${notice.message}`);
  showNotice(notice);
}

function showNotice({
  title,
  message,
  action,
}: {
  title: string;
  message: string;
  action?: { label: string; run: () => void } | undefined;
}): void {
  const id = `posted-${crypto.randomUUID()}`;
  notifications.show({
    id,
    role: 'group',
    'aria-label': 'Posted',
    autoClose: NOTICE_MS,
    closeButtonProps: { 'aria-label': 'Close notice' },
    title,
    message: (
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <span>{message}</span>
        {action !== undefined && (
          <Button
            size="compact-sm"
            variant="default"
            className={styles.noticeAction}
            onClick={() => {
              notifications.hide(id);
              action.run();
            }}
          >
            {action.label}
          </Button>
        )}
      </Group>
    ),
  });
}

const keptNoticeId = (formId: string) => `kept-${formId}`;

/** Stays until an entry whose outcome is unknown has been settled; leads back to its form. */
export function showKeptNotice(formId: string, words: ActWords, returnToForm: () => void): void {
  announce('The entry is kept until its outcome is known.');
  notifications.show({
    id: keptNoticeId(formId),
    role: 'group',
    'aria-label': 'Entry with unknown outcome',
    autoClose: false,
    withCloseButton: false,
    color: 'yellow',
    title: 'The outcome of an entry is not known',
    message: (
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <span>
          {words.button}, {words.customer}
        </span>
        <Button
          size="compact-sm"
          variant="default"
          className={styles.noticeAction}
          onClick={() => {
            notifications.hide(keptNoticeId(formId));
            returnToForm();
          }}
        >
          Return to it
        </Button>
      </Group>
    ),
  });
}

/** Takes the notice away once the outcome is known. */
export function hideKeptNotice(formId: string): void {
  notifications.hide(keptNoticeId(formId));
}
