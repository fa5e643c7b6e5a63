import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { formatCredits } from '#renderer/format/credits.ts';
import { announce } from '#renderer/ui/announce.tsx';
import type { Posted, PostingAttempt } from './ledger-act.ts';
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
  const id = `posted-${crypto.randomUUID()}`;
  const sentence = `${words.done}. Available now: ${formatCredits(balance.available)}.`;
  announce(undoable ? `${sentence} Undo is in the notice.` : sentence);
  notifications.show({
    id,
    role: 'group',
    'aria-label': 'Posted',
    autoClose: NOTICE_MS,
    closeButtonProps: { 'aria-label': 'Close notice' },
    title: words.done,
    message: (
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <span>Available now: {formatCredits(balance.available)}</span>
        {undoable && (
          <Button
            size="compact-sm"
            variant="default"
            className={styles.noticeAction}
            onClick={() => {
              notifications.hide(id);
              forms.openReverse({
                customerId: transaction.customerId,
                transactionId: transaction.id,
                prefill: {
                  reasonCode: 'correction',
                  note: `Undo of: ${reason.note}`.slice(0, 1000),
                },
              });
            }}
          >
            Undo
          </Button>
        )}
      </Group>
    ),
  });
}

const keptNoticeId = (formId: number) => `kept-${formId}`;

/** Stays until an entry whose outcome is unknown has been settled; leads back to its form. */
export function showKeptNotice(
  formId: number,
  attempt: PostingAttempt,
  returnToForm: () => void,
): void {
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
          {attempt.words.button}, {attempt.words.customer}
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
export function hideKeptNotice(formId: number): void {
  notifications.hide(keptNoticeId(formId));
}
