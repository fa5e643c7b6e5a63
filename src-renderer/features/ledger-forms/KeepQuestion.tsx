import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';

/** Asked when a form is left whose outcome is not known yet: it is kept with its key. */
export function KeepQuestion({
  opened,
  onStay,
  onKeep,
}: {
  opened: boolean;
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
      The entry may or may not have been posted. It is kept with its key until the console closes:
      return to it from the notice, or by opening the same form again. Entering it anew somewhere
      else could post it twice.
    </ConfirmDialog>
  );
}
