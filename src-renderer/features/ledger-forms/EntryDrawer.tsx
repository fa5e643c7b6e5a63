import { Button, Group } from '@mantine/core';
import { type FormEvent, type KeyboardEvent, type ReactNode, useId } from 'react';
import { DiscardQuestion } from '#renderer/ui/DiscardQuestion.tsx';
import { KeyCaps } from '#renderer/ui/Kbd.tsx';
import { SideDrawer } from '#renderer/ui/SideDrawer.tsx';
import { type EntryWords, LEDGER_ENTRY } from './entry-words.ts';
import { FormNotice } from './FormNotice.tsx';
import { KeepQuestion } from './KeepQuestion.tsx';
import type { ActWords } from './ledger-act.ts';
import styles from './ledger-forms.module.css';
import { ProductionQuestion } from './ProductionQuestion.tsx';
import type { Entry, EntryAttempt } from './use-entry.ts';

/**
 * The frame of a form that makes an entry: a drawer with the customer, what became of the last try, the fields, and one button
 * that names the act; and the questions of leaving and of production over it.
 */
export function EntryDrawer<Attempt extends EntryAttempt>({
  entry,
  opened,
  title,
  idleButton,
  words,
  entryWords = LEDGER_ENTRY,
  canSubmit = true,
  isDangerous = false,
  consequence,
  foot,
  onSubmit,
  children,
}: {
  entry: Entry<Attempt>;
  opened: boolean;
  title: string;
  /** The button as long as the fields do not make an act. */
  idleButton: string;
  /** The act that the fields make now; null: none. */
  words: ActWords | null;
  /** How the notices speak of the entry; left out, as of one of the ledger. */
  entryWords?: EntryWords;
  /** False where the act is refused already, or there is nothing to choose. */
  canSubmit?: boolean;
  /** For what cannot be taken back: the button warns by its colour, and Cancel has the focus. */
  isDangerous?: boolean;
  /** What the second question of a production connection says cannot be taken back. */
  consequence?: string | undefined;
  /** What the act comes to, above the buttons. */
  foot?: ReactNode;
  /** The person wants it: the fields are to be read, and given to `entry.submit`. */
  onSubmit: () => void;
  children: ReactNode;
}) {
  const { state, elsewhere, customer, connection, question, submitted } = entry;
  const formId = useId();
  const isPosting = state.status === 'posting';
  const isUnknown = state.status === 'unknown';

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (!entry.disabled && canSubmit) onSubmit();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      submit();
    } else if (event.target instanceof HTMLInputElement) {
      // Enter in a field never posts: the button and Ctrl/Cmd+Enter do.
      event.preventDefault();
    }
  }

  return (
    <>
      <SideDrawer
        opened={opened}
        onClose={entry.leave}
        title={title}
        width={500}
        foot={
          <div className={styles.foot}>
            {elsewhere ? (
              <p className={styles.previewRefused}>
                <strong>The connection has changed.</strong> This form was opened on another
                database. Nothing was {entryWords.done} here; close it and open it again.
              </p>
            ) : (
              foot
            )}
            <Group justify="space-between" gap="sm">
              <span className={styles.footHint}>
                {state.status === 'open' && <KeyCaps keys="mod+Enter" />}
              </span>
              <Group gap="sm">
                <Button
                  variant="default"
                  onClick={entry.leave}
                  disabled={isPosting}
                  {...(isDangerous && { 'data-autofocus': true })}
                >
                  {isUnknown ? 'Close' : 'Cancel'}
                </Button>
                {isUnknown || (isPosting && state.repeat) ? (
                  <Button onClick={entry.checkAgain} loading={isPosting} disabled={elsewhere}>
                    Check again
                  </Button>
                ) : (
                  <Button
                    type="submit"
                    form={formId}
                    {...(isDangerous && { color: 'red' })}
                    loading={isPosting}
                    disabled={elsewhere || !canSubmit}
                  >
                    {(state.status === 'open' ? words : submitted?.words)?.button ?? idleButton}
                  </Button>
                )}
              </Group>
            </Group>
          </div>
        }
      >
        <form
          id={formId}
          ref={entry.formElement}
          className={styles.form}
          onSubmit={submit}
          onKeyDown={onKeyDown}
          noValidate
        >
          <p className={styles.customer}>
            <span className={styles.customerName}>{customer.name}</span>
            {customer.name !== customer.id && (
              <span className={styles.customerId}>{customer.id}</span>
            )}
          </p>
          {entry.failure !== null && (
            <FormNotice
              ref={entry.notice}
              error={entry.failure}
              outcomeUnknown={isUnknown}
              words={entryWords}
            />
          )}
          {children}
        </form>
      </SideDrawer>
      <DiscardQuestion
        opened={question === 'leave' && !isUnknown}
        onStay={entry.stay}
        onDiscard={entry.discard}
      >
        What you entered has not been {entryWords.done}. If you close the form now, it is lost.
      </DiscardQuestion>
      <KeepQuestion
        opened={question === 'leave' && isUnknown}
        words={entryWords}
        onStay={entry.stay}
        onKeep={entry.keep}
      />
      <ProductionQuestion
        opened={question === 'production'}
        connectionName={connection.name}
        action={submitted?.words.button ?? idleButton}
        customer={customer.name}
        consequence={consequence}
        onCancel={entry.stay}
        onConfirm={entry.confirm}
      />
    </>
  );
}
