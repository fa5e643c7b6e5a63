import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import type { EntryWords } from './entry-words.ts';

/** Asked when a form is left whose outcome is not known yet: it is kept with its key. */
export function KeepQuestion({
  opened,
  words,
  onStay,
  onKeep,
}: {
  opened: boolean;
  words: EntryWords;
  onStay: () => void;
  onKeep: () => void;
}) {
  return (
    <ConfirmDialog
      opened={opened}
      title="Close without knowing the outcome?"
      confirmLabel="Close for now"
      cancelLabel="Stay here"
      onCancel={onStay}
      onConfirm={onKeep}
    >
      The entry may or may not have been {words.done}. It is kept with its key until the console
      closes: return to it from the notice, or by opening the same form again. Entered anew
      somewhere else, it could be {words.done} twice.
    </ConfirmDialog>
  );
}
