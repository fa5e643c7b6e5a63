import { ConfirmDialog } from '#renderer/ui/ConfirmDialog.tsx';
import styles from './ledger-forms.module.css';

/** The second question that a production connection asks before anything is posted. */
export function ProductionQuestion({
  opened,
  connectionName,
  action,
  customer,
  consequence = 'The ledger keeps every entry for good; it can be reversed, not deleted.',
  onConfirm,
  onCancel,
}: {
  opened: boolean;
  connectionName: string;
  /** What the button of the form said: act and amount. */
  action: string;
  customer: string;
  /** What cannot be taken back of it, a sentence. */
  consequence?: string | undefined;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  return (
    <ConfirmDialog
      opened={opened}
      title={
        <>
          <span className={styles.productionWord}>PRODUCTION</span> Post to {connectionName}?
        </>
      }
      confirmLabel={`${action} on ${connectionName}`}
      isDangerous
      onCancel={onCancel}
      onConfirm={onConfirm}
    >
      <p className={styles.questionText}>
        <strong>{action}</strong> for <strong>{customer}</strong> on the production connection{' '}
        <strong>{connectionName}</strong>. {consequence}
      </p>
    </ConfirmDialog>
  );
}
